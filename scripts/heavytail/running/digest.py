"""A digest of what a script computes: its own code and the package modules that it imports.

Only what can change a result counts. These do not count: comments, layout, docstrings, annotations,
the texts of errors and of log lines, whatever only these use, and the package `running`, which
accompanies a job. Standard library only: this runs whenever Snakemake reads the workflow.
"""

import ast
import hashlib
from collections.abc import Callable, Iterator
from functools import cache

PACKAGE = "heavytail"
# This package accompanies a job and cannot reach a result.
INERT = f"{PACKAGE}.running"
LOGGERS = ("log", "logger", "logging", "warnings")
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
# These annotations of an attribute change what a dataclass does.
DECISIVE = ("ClassVar", "InitVar", "KW_ONLY")


class _Meaning(ast.NodeTransformer):
    """Removes from a syntax tree what cannot change a result."""

    def __init__(self, inert: set[str]):
        """`inert`: the names by which the source uses the package that accompanies its job."""
        self._inert = inert
        self._fields: set[ast.AnnAssign] = set()

    def generic_visit(self, node: ast.AST) -> ast.AST:
        if isinstance(node, DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:]
        return super().generic_visit(node)

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.AST:
        node.returns = None
        return self.generic_visit(node)

    visit_FunctionDef = visit_AsyncFunctionDef = _function

    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.annotation = None
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        # Annotations make the fields of a dataclass: their names count, their types do not.
        for statement in node.body:
            if isinstance(statement, ast.AnnAssign):
                names = {part.id for part in ast.walk(statement) if isinstance(part, ast.Name)}
                decisive = [name for name in DECISIVE if name in names]
                statement.annotation = ast.Constant(", ".join(decisive))
                self._fields.add(statement)
        return self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST | None:
        self.generic_visit(node)
        if node in self._fields:
            return node
        return node.value and ast.Assign([node.target], node.value)

    def visit_If(self, node: ast.If) -> ast.AST | None:
        is_for_types = isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        return None if is_for_types else self.generic_visit(node)

    def visit_Raise(self, node: ast.Raise) -> ast.AST:
        return _Textless().visit(self.generic_visit(node))

    def visit_Assert(self, node: ast.Assert) -> ast.AST:
        node.msg = None
        return self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        owner = node.func.value if isinstance(node.func, ast.Attribute) else node.func
        is_inert = isinstance(owner, ast.Name) and owner.id in (*LOGGERS, *self._inert)
        visited = self.generic_visit(node)
        return _Textless().visit(visited) if is_inert else visited


class _Textless(ast.NodeTransformer):
    """Removes the texts of an error or a log line."""

    def visit_Constant(self, node: ast.Constant) -> ast.Constant:
        return ast.Constant("") if isinstance(node.value, str) else node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.Constant:
        return ast.Constant("")


def _text(node: object) -> str:
    """A syntax tree as text, without empty fields: the same in every release of Python."""
    if isinstance(node, ast.AST):
        fields = ((name, getattr(node, name, None)) for name in node._fields)
        inner = ",".join(
            f"{name}={_text(value)}" for name, value in fields if value not in (None, [])
        )
        return f"{type(node).__name__}({inner})"
    if isinstance(node, list):
        return f"[{','.join(_text(item) for item in node if not _is_emptied(item))}]"
    return repr(node)


def _is_emptied(node: object) -> bool:
    """Whether a node is an import of no name any more."""
    return isinstance(node, ast.Import | ast.ImportFrom) and not node.names


@cache
def _parsed(source: str) -> tuple[str, frozenset[str], frozenset[str]]:
    """The part of a source that counts, as text; the package's modules that it computes with; and
    the other modules of the package that it imports."""
    tree = ast.parse(source)
    everything = _modules(tree)
    tree = _Meaning(set(map(_bound, _inert_imports(tree)))).visit(tree)
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    for node in ast.walk(tree):
        # A name that only annotations or texts used is imported no longer.
        if isinstance(node, ast.Import | ast.ImportFrom):
            node.names = [one for one in node.names if _bound(one) in used]
    counted = frozenset(name for name in _modules(tree) if not _is_inert(name))
    return _text(tree), counted, everything - counted


def _modules(tree: ast.AST) -> frozenset[str]:
    """The names of the package that a tree imports and that may be modules."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.names and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return frozenset(name for name in found if name.split(".")[0] == PACKAGE)


def _is_inert(name: str) -> bool:
    """Whether a module belongs to the package that accompanies a job."""
    return f"{name}.".startswith(f"{INERT}.")


def _inert_imports(tree: ast.AST) -> Iterator[ast.alias]:
    """The imports of a source from the package that accompanies a job."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and _is_inert(str(node.module)):
            yield from node.names
        elif isinstance(node, ast.ImportFrom) and node.module == PACKAGE:
            yield from (alias for alias in node.names if f"{PACKAGE}.{alias.name}" == INERT)


def _bound(alias: ast.alias) -> str:
    """The name by which the source uses an import."""
    return alias.asname or alias.name.split(".")[0]


def digest(roots: list[str], read: Callable[[str], str | None]) -> str:
    """The hexadecimal digest of the code that `roots` reach.

    Args:
        roots: names for `read`: the script, and modules that it chooses at run time.
        read: name ("prune_cell", or dotted "heavytail.pruning.artifact") → its source; None if
            there is no such module (a name imported from a module, or the package itself).

    Raises:
        FileNotFoundError: a root does not exist.
    """
    parts: dict[str, str] = {}
    pending = list(roots)
    accompanying: list[str] = []
    while pending or accompanying:
        counts = bool(pending)
        name = (pending or accompanying).pop()
        if name in parts:
            continue
        source = read(name)
        if source is None and name in roots:
            raise FileNotFoundError(f"no source for {name}")
        text, computing, others = _parsed(source or "")
        # A module that does not count is read all the same: `read` may fetch it for the job.
        parts[name] = text if counts and source else ""
        (pending if counts else accompanying).extend(computing)
        accompanying += others
    text = "\n".join(f"{name}={parts[name]}" for name in sorted(parts) if parts[name])
    return hashlib.sha256(text.encode()).hexdigest()[:16]
