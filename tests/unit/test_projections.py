import ast

import pytest

from heavytail.projections import key_of, matrix_of
from support.project import ROOT


@pytest.mark.parametrize("name", ["q_proj", "qk_head", "q_proj.kept", "qk_head.half_norms"])
def test_a_key_is_parsed_to_what_it_was_made_of(name):
    assert key_of(10, name) == f"10.{name}" and matrix_of(key_of(10, name)) == (10, name)


def spells_a_key(node: ast.AST) -> bool:
    """Whether an expression is an f-string that begins with a block's number and a dot."""
    if not isinstance(node, ast.JoinedStr) or len(node.values) < 3:
        return False
    first, dot = node.values[:2]
    return (
        isinstance(first, ast.FormattedValue)
        and isinstance(first.value, ast.Name)
        and first.value.id in ("b", "block", "index")
        and isinstance(dot, ast.Constant)
        and dot.value.startswith(".")
    )


def test_nothing_else_spells_a_key():
    found = {
        path.name
        for path in (ROOT / "scripts").rglob("*.py")
        if any(map(spells_a_key, ast.walk(ast.parse(path.read_text()))))
    }
    assert found == {"projections.py"}
