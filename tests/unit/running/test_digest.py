import pytest

from heavytail.running.digest import digest

SOURCES = {
    "script": '"""Doc."""\nfrom heavytail import a\n\ndef run():\n    """Doc."""\n    a.one()\n',
    "heavytail.a": "from heavytail.b import two\n\n\ndef one():\n    return two() + 1\n",
    "heavytail.b": "import json\n\n\ndef two():\n    return 2  # two\n",
    "heavytail.other": "x = 1\n",
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


def test_modules_chosen_at_run_time_are_named_and_must_exist():
    both = digest(["script", "heavytail.other"], SOURCES.get)
    assert both != of()
    with pytest.raises(FileNotFoundError, match="nowhere"):
        digest(["nowhere"], SOURCES.get)
