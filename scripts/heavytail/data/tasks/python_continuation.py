"""Which line comes next in a function of a Python file?"""

import ast
from collections.abc import Iterator
from itertools import chain

from heavytail.data.python_tasks import Function, Question, context_before, functions

STATEMENT_CHARACTERS = range(10, 81)


def statements(lines: list[str], function: Function) -> dict[int, str]:
    """Line index → line, for each statement of the function that has 10 to 80 characters.

    Nothing else is on its line, not even a comment. A docstring does not count as a statement.
    """
    found = {}
    for node in ast.walk(function):
        if not isinstance(node, ast.stmt) or node.lineno != node.end_lineno:
            continue
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue
        line = lines[node.lineno - 1].rstrip()
        assert node.end_col_offset is not None, "parsed code says where it ends"
        fills_line = len(line.strip().encode()) == node.end_col_offset - node.col_offset
        if fills_line and len(line.strip()) in STATEMENT_CHARACTERS:
            found[node.lineno - 1] = line
    return found


def questions(lines: list[str], tree: ast.Module) -> Iterator[list[Question]]:
    """Per function: which line comes next? Distractors are equally indented lines of others."""
    found = {function: statements(lines, function) for function in functions(tree)}
    for function, own in found.items():
        others = chain.from_iterable(found[other].values() for other in found if other != function)
        foreign = sorted(set(others) - set(own.values()))
        asked = []
        for number, line in own.items():
            context = context_before(lines, function, number - 1, len(lines[number - 1]))
            alike = (other for other in foreign if indent(other) == indent(line))
            if context is not None and context == context.rstrip():
                answer, *rest = (f"\n{text}" for text in (line, *alike))
                asked.append(Question(context, answer, tuple(rest)))
        yield asked


def indent(line: str) -> int:
    """The number of characters before the first word of a line."""
    return len(line) - len(line.lstrip())
