"""Each axis has one table: every row has its module, and no job's code depends on a table."""

import ast
import inspect
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest
import torch

from heavytail.config.allocators import ALLOCATORS
from heavytail.config.families import FAMILIES
from heavytail.config.methods import METHODS, WITHIN_BLOCK
from heavytail.config.metrics import FAMILIES as METRIC_FAMILIES
from heavytail.config.tasks import TASKS
from heavytail.config.texts import SPLITS, TEXTS
from heavytail.running.digest import PACKAGE
from support.project import ROOT

SCRIPTS = ROOT / "scripts"
AXES = ("methods", "allocators", "metrics", "families", "texts", "tasks")
TABLES = {f"heavytail.config.{axis}" for axis in AXES}
# Modules that read the tables, for rules alone.
PARSE_TIME = {
    f"heavytail.config.{name}"
    for name in ("allocations", "command_line", "epsilons", "own_tasks", "own_texts", "settings")
}
# Scripts that are no job's.
OF_PEOPLE = {"status", "check_config_files"}


@cache
def imports_of(name: str) -> frozenset[str]:
    """The package's modules that a script or a module imports, and those that it may."""
    places = [SCRIPTS / f"{name.replace('.', '/')}{end}" for end in (".py", "/__init__.py")]
    file = next((place for place in places if place.is_file()), None)
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())) if file else ():
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return frozenset(one for one in found if one.split(".")[0] == PACKAGE)


def reached(name: str) -> set[str]:
    """Everything that a script or a module imports, and what that imports."""
    found, pending = set(), [name]
    while pending:
        own = imports_of(pending.pop()) - found
        found |= own
        pending += own
    return found


def modules_of_jobs() -> list[str]:
    """Every script, and every module that is not for parse time alone."""
    scripts = [path.stem for path in SCRIPTS.glob("*.py") if path.stem not in OF_PEOPLE]
    paths = (path.relative_to(SCRIPTS).with_suffix("") for path in SCRIPTS.glob("*/**/*.py"))
    package = {".".join(path.parts).removesuffix(".__init__") for path in paths}
    return sorted({*scripts, *package} - TABLES - PARSE_TIME)


@pytest.mark.parametrize("name", modules_of_jobs())
def test_no_job_s_code_depends_on_a_table(name):
    assert not reached(name) & (TABLES | PARSE_TIME)


def test_what_reads_a_table_is_found():
    assert reached("heavytail.config.settings") >= TABLES - {"heavytail.config.families"}
    assert "prune_cell" in modules_of_jobs() and "heavytail.pruning.loop" in modules_of_jobs()
    assert "heavytail.models.layout" in reached("prune_cell")


MODULES = {
    "pruning/methods": METHODS,
    "pruning/within_block": WITHIN_BLOCK,
    "allocation/allocators": ALLOCATORS,
    "models/families": FAMILIES,
    "data/tasks": [name for name, task in TASKS.items() if task.folder is None],
}


@pytest.mark.parametrize("folder", MODULES)
def test_every_row_has_its_module_and_every_module_its_row(folder):
    files = (SCRIPTS / PACKAGE / folder).glob("[a-z]*.py")
    assert {Path(file).stem for file in files} == set(MODULES[folder])


def parameters(function) -> list[str]:
    return list(inspect.signature(function).parameters)


@pytest.mark.parametrize("name", METHODS)
def test_a_method_is_what_its_row_says(name):
    module, row = import_module(f"heavytail.pruning.methods.{name}"), METHODS[name]
    assert (module.Statistic is not None) == row.calibrated
    assert row.compensates == module.REWRITES
    assert parameters(module.prune) == ["weights", "statistic", "sparsities", "group_size"]
    if hasattr(module, "bias"):
        assert parameters(module.bias) == ["dense", "pruned", "statistic"]
    statistic = None
    if row.calibrated:
        statistic = module.Statistic(8, torch.device("cpu"))
        statistic.add(torch.randn(32, 8, generator=torch.Generator().manual_seed(0)))
    weights = torch.randn(4, 8, generator=torch.Generator().manual_seed(1))
    if not row.patterns:
        with pytest.raises(ValueError, match=name):
            module.prune([weights], statistic, [0.5], 4)
        return
    ((_,), (removed,)) = module.prune([weights], statistic, [0.5], 4)
    assert (removed.reshape(-1, 4).sum(dim=1) == 2).all()


@pytest.mark.parametrize("name", ALLOCATORS)
def test_an_allocator_has_one_function(name):
    module = import_module(f"heavytail.allocation.allocators.{name}")
    assert [part.lstrip("_") for part in parameters(module.ratios)] == [
        "sizes",
        "settings",
        "guide",
    ]


@pytest.mark.parametrize("family", METRIC_FAMILIES)
def test_a_family_of_metrics_has_one_function(family):
    assert len(parameters(import_module(f"heavytail.metrics.{family}").compute)) == 1


def test_texts_have_splits_that_rules_know_and_only_python_s_source_is_made_here():
    assert all(set(text.files) <= set(SPLITS) for text in TEXTS.values())
    assert [name for name, text in TEXTS.items() if text.hub is None] == ["python"]
    assert [name for name, text in TEXTS.items() if text.made_here] == ["python"]
