"""A digest of what a script computes: its own code and the package modules that it imports.

Comments, docstrings and layout do not count, so only an edit that can change a result changes the
digest. Standard library only: it runs whenever the workflow is read.
"""

import ast
import hashlib
from collections.abc import Callable
from functools import cache

PACKAGE = "heavytail"
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


@cache
def _parsed(source: str) -> tuple[str, frozenset[str]]:
    """What counts of a source, and the package's modules that it may import.

    The former is its syntax tree as text, without docstrings (comments and layout are not in it).
    """
    tree, imports = ast.parse(source), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imports |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            imports.add(node.module)
            imports |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:]
    own = (name for name in imports if name.split(".")[0] == PACKAGE)
    return ast.dump(tree), frozenset(own)


def digest(roots: list[str], read: Callable[[str], str | None]) -> str:
    """Hexadecimal digest of the code that `roots` reach.

    Args:
        roots: names for `read`: the script, and modules that it chooses at run time.
        read: name ("prune_cell", or dotted "heavytail.pruning.artifact") → source, None when there
            is no such module (a name imported from a module, or the package itself).

    Raises:
        FileNotFoundError: a root does not exist.
    """
    parts: dict[str, str] = {}
    pending = list(roots)
    while pending:
        name = pending.pop()
        if name in parts:
            continue
        source = read(name)
        if source is None:
            if name in roots:
                raise FileNotFoundError(f"no source for {name}")
            parts[name] = ""
            continue
        parts[name], imports = _parsed(source)
        pending += imports
    text = "\n".join(f"{name}={parts[name]}" for name in sorted(parts) if parts[name])
    return hashlib.sha256(text.encode()).hexdigest()[:16]
