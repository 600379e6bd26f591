"""Which attribute follows a name in a Python file?"""

import ast
from collections.abc import Iterator

from heavytail.data.python_tasks import CHOICES, Function, Question, context_before, functions


def attribute_places(lines: list[str], function: Function) -> Iterator[tuple[int, int, str]]:
    """(line index, column of the dot, name) of every attribute after a name, in source order."""
    nodes = (node for node in ast.walk(function) if isinstance(node, ast.Attribute))
    for node in sorted(nodes, key=lambda node: (node.end_lineno, node.end_col_offset)):
        assert node.end_lineno and node.end_col_offset, "parsed code says where it ends"
        line = lines[node.end_lineno - 1]
        dot = len(line.encode()[: node.end_col_offset].decode()) - len(node.attr) - 1
        if dot > 0 and line[dot:].startswith(f".{node.attr}") and line[dot - 1].isalnum():
            yield node.end_lineno - 1, dot, node.attr


def questions(lines: list[str], tree: ast.Module) -> Iterator[list[Question]]:
    """Per function: which attribute follows? Distractors stand earlier in the file, else later."""
    places = [(f, place) for f in functions(tree) for place in attribute_places(lines, f)]
    everything = dict.fromkeys(name for _, (_, _, name) in places)
    asked: dict[Function, list[Question]] = {}
    seen: dict[str, None] = {}
    for function, (line, dot, name) in places:
        context = context_before(lines, function, line, dot)
        known = seen if len(seen.keys() - {name}) >= CHOICES - 1 else everything
        if context is not None:
            rest = tuple(f".{other}" for other in known if other != name)
            asked.setdefault(function, []).append(Question(context, f".{name}", rest))
        seen[name] = None
    yield from asked.values()
