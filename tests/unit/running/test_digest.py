"""What of a source counts, and what does not."""

import pytest

from heavytail.running.digest import digest

SOURCES = {
    "script": '"""Doc."""\nfrom heavytail import a\n\ndef run():\n    """Doc."""\n    a.one()\n',
    "heavytail.a": "from heavytail.b import two\n\n\ndef one():\n    return two() + 1\n",
    "heavytail.b": "import json\n\n\ndef two():\n    return 2  # two\n",
    "heavytail.other": "x = 1\n",
    "heavytail.running.log": "def said(text, items):\n    yield from items\n",
}


def of(**changes):
    sources = SOURCES | {name.replace("__", "."): text for name, text in changes.items()}
    return digest(["script"], sources.get)


def test_an_edit_of_the_script_or_of_anything_it_reaches_counts():
    assert of() == of()
    assert of(script=SOURCES["script"].replace("one()", "one() * 2")) != of()
    assert of(heavytail__b=SOURCES["heavytail.b"].replace("return 2", "return 3")) != of()


def test_comments_docstrings_layout_and_unreached_modules_do_not_count():
    assert of(heavytail__b="import json\n# new\ndef two():\n\n    return 2\n") == of()
    assert of(script=SOURCES["script"].replace("Doc.", "Another doc.")) == of()
    assert of(heavytail__other="x = 2\n") == of()


def test_a_string_that_is_no_docstring_counts():
    body = "def two():\n    x = 1\n    '{}'\n    return 2\n"
    assert of(heavytail__b=body.format("a")) != of(heavytail__b=body.format("b"))


# What may be written in either way.
SAME = {
    "the text of an error": ("raise ValueError(f'no {x}')", "raise ValueError(f'not {y}: {x}')"),
    "the text of a cause": ("raise KeyError('a') from error", "raise KeyError('b') from error"),
    "a log line": ("log.info('%s', x)", "log.info('it is %s', x)"),
    "a log line's own words": ("log.info(f'{x}')", "log.info(f'now {x}, {y}')"),
    "an assertion's text": ("assert x, 'no x'", "assert x, f'{y}'"),
    "a local annotation": ("y: int = x", "y = x"),
    "annotations of a function": (
        "def f(x: int, *y: str, **z: int) -> int:\n  return x",
        "def f(x, *y, **z):\n  return x",
    ),
    "a field's type": ("class A:\n  x: int = 1", "class A:\n  x: float = 1"),
    "what only types import": ("x = 1", "from typing import Any\nx: Any = 1"),
    "types alone": ("x = 1", "if TYPE_CHECKING:\n  import torch\nx = 1"),
    "what a loop is called": (
        "from heavytail.running.log import said\nfor x in said('block', y): pass",
        "from heavytail.running.log import said\nfor x in said('the block', y): pass",
    ),
}


@pytest.mark.parametrize("case", SAME)
def test_what_cannot_change_a_result_does_not_count(case):
    before, after = SAME[case]
    assert of(heavytail__b=before) == of(heavytail__b=after)


OTHER = {
    "an operator": ("y = a * b", "y = a + b"),
    "which error": ("raise ValueError('a')", "raise KeyError('a')"),
    "a text that is returned": ("def f():\n  return 'a'", "def f():\n  return 'b'"),
    "a default": ("def f(x: int = 1):\n  pass", "def f(x: int = 2):\n  pass"),
    "which fields a class has": ("class A:\n  x: int", "class A:\n  x: int\n  y: int"),
    "a variable of the class": ("class A:\n  x: ClassVar[int] = 1", "class A:\n  x: int = 1"),
    "what is imported": ("from math import sqrt as f\nf(x)", "from math import cbrt as f\nf(x)"),
    "what is logged is computed": ("log.info('a', f(x))", "log.info('a', g(x))"),
}


@pytest.mark.parametrize("case", OTHER)
def test_what_can_change_a_result_counts(case):
    before, after = OTHER[case]
    assert of(heavytail__b=before) != of(heavytail__b=after)


def test_what_accompanies_a_job_does_not_count_but_is_read():
    script, read = "from heavytail.running.log import said\nsaid()\n", []

    def source(name, **changes):
        read.append(name)
        return (SOURCES | {"script": script} | changes).get(name)

    before = digest(["script"], source)
    assert "heavytail.running.log" in read
    changed = {"heavytail.running.log": "from heavytail import b\nb.two()\n"}
    assert digest(["script"], lambda name: source(name, **changed)) == before
    assert "heavytail.b" in read


def test_modules_chosen_at_run_time_are_named_and_must_exist():
    both = digest(["script", "heavytail.other"], SOURCES.get)
    assert both != of()
    with pytest.raises(FileNotFoundError, match="nowhere"):
        digest(["nowhere"], SOURCES.get)
