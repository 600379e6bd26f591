"""The package's structure: which room may import which, and what the digests of code rest on."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from heavytail.running.progress import counted
from support.project import ROOT

SCRIPTS = ROOT / "scripts"
PACKAGE = SCRIPTS / "heavytail"
# A room imports those before it. Reports and diagnostics read tables, and no other room reads them.
ORDER = (
    *("projections", "cells", "config", "running", "io", "models", "data", "spectra", "metrics"),
    *("allocation", "pruning", "evaluation", "tables", "report", "diagnostics", "training"),
)
MODULES = sorted(PACKAGE.rglob("*.py"))
SOURCES = [*MODULES, *sorted(SCRIPTS.glob("*.py"))]


def named(path: Path) -> str:
    return str(path.relative_to(SCRIPTS))


def nodes(path: Path) -> Iterator[ast.AST]:
    return ast.walk(ast.parse(path.read_text(encoding="utf-8")))


def rooms_of(path: Path) -> set[str]:
    """The rooms that a module imports."""
    found = set()
    for node in nodes(path):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        found |= {name.split(".")[1] for name in names if name.startswith("heavytail.")}
    return found


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_arrows_run_down(path):
    room = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    if room == "__init__":
        return
    assert not {other for other in rooms_of(path) if ORDER.index(other) > ORDER.index(room)}


@pytest.mark.parametrize("path", sorted(SCRIPTS.glob("*.py")), ids=named)
def test_no_script_imports_from_the_future(path):
    """Snakemake puts lines of its own before a script, and Python wants such an import first."""
    assert not any(isinstance(n, ast.ImportFrom) and n.module == "__future__" for n in nodes(path))


@pytest.mark.parametrize("path", SOURCES, ids=named)
def test_imports_are_of_the_kinds_that_a_digest_follows(path):
    """Relative ones, those of other scripts and filled `__init__` files it would overlook."""
    scripts = {script.stem for script in SCRIPTS.glob("*.py")}
    for node in nodes(path):
        if isinstance(node, ast.ImportFrom):
            assert not node.level and node.module not in scripts, ast.unparse(node)
        elif isinstance(node, ast.Import):
            assert not scripts.intersection(alias.name for alias in node.names), ast.unparse(node)
    assert path.name != "__init__.py" or not path.read_text()


def dynamic_imports() -> Iterator[tuple[Path, str]]:
    """Each module that is imported by a name made at run time, the variable parts as {}."""
    for path in SOURCES:
        for node in nodes(path):
            if isinstance(node, ast.Constant | ast.JoinedStr):
                parts = node.values if isinstance(node, ast.JoinedStr) else [node]
                texts = [part.value if isinstance(part, ast.Constant) else "{}" for part in parts]
                name = "".join(map(str, texts))
                if name.startswith("heavytail.") and " " not in name and name[-1] != ".":
                    yield path, name


def test_a_module_that_is_chosen_by_name_is_named_by_the_rule_whose_digest_it_counts_in():
    files = [*(ROOT / "rules").glob("*.smk"), *(PACKAGE / "config").glob("*.py")]
    rules = "".join(path.read_text(encoding="utf-8") for path in files)
    imported = {
        f"{node.module}"
        for path in SCRIPTS.glob("*.py")
        for node in nodes(path)
        if isinstance(node, ast.ImportFrom)
    }
    found = dict.fromkeys(name for _, name in dynamic_imports())
    assert {name for name in found if "{}" in name}
    for name in found:
        prefix, variable, _ = name.partition("{}")
        if variable:
            assert f'"{prefix}{{' in rules, name
        else:
            assert f'"{name}"' in rules or name in imported, name


def inert_names(tree: ast.Module) -> set[str]:
    """What a source calls of the package that accompanies a job."""
    return {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if (
            isinstance(node, ast.ImportFrom) and (node.module or "").startswith("heavytail.running")
        )
        or (isinstance(node, ast.ImportFrom) and node.module == "heavytail")
        for alias in node.names
        if node.module != "heavytail" or alias.name == "running"
    }


def calls_whose_value_is_used(tree: ast.Module) -> list[str]:
    """Calls of inert functions but for those as statements, in `with` without `as`, as a loop."""
    names = inert_names(tree)
    unused: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr):
            unused.add(node.value)
        elif isinstance(node, ast.withitem) and node.optional_vars is None:
            unused.add(node.context_expr)
        elif isinstance(node, ast.For):
            unused.add(node.iter)
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            owner = node.func.value if isinstance(node.func, ast.Attribute) else node.func
            if isinstance(owner, ast.Name) and owner.id in names and node not in unused:
                found.append(ast.unparse(node))
    return found


# They say how a run went, and what they say is no result.
TELLING = ("status.py", "clean.py")


@pytest.mark.parametrize("path", SOURCES, ids=named)
def test_nothing_that_accompanies_a_job_gives_a_value_to_what_computes(path):
    if "running" in path.parts or path.name in TELLING:
        return
    found = calls_whose_value_is_used(ast.parse(path.read_text(encoding="utf-8")))
    # What a key is made of, which reaches no record: a work that is handed back to the store.
    assert [call for call in found if not call.startswith("Work(")] == []


def test_the_one_loop_that_accompanies_others_gives_their_own_items():
    items = [object(), object()]
    assert [id(item) for item in counted("thing", iter(items), 2)] == list(map(id, items))
