"""Every chart and table of the report against the datasets that it names."""

import re

import pytest

from heavytail.report.chart import NONE_PICKED, Chart, Table
from heavytail.report.contents import SECTIONS
from heavytail.report.page import specification
from support.made_up import datasets, diagnostics

PARTS = [part for parts in SECTIONS.values() for part in parts]
CHARTS = [part for part in PARTS if isinstance(part, Chart)]
TABLES = [part for part in PARTS if isinstance(part, Table)]
DATA = datasets() | diagnostics()


def named(part: Chart | Table) -> str:
    return part.name


def walked(spec):
    """Every mapping of a specification."""
    if isinstance(spec, dict):
        yield spec
    for part in spec.values() if isinstance(spec, dict) else spec if isinstance(spec, list) else ():
        yield from walked(part)


def test_names_are_anchors_and_each_is_used_once():
    names = [part.name for part in PARTS]
    assert all(re.fullmatch("[a-z-]+", name) for name in names)
    anchors = [*(chart.name for chart in CHARTS), *map(str.lower, SECTIONS)]
    assert len(set(anchors)) == len(anchors)
    assert len({table.name for table in TABLES}) == len(TABLES)


@pytest.mark.parametrize("chart", CHARTS, ids=named)
def test_a_chart_reads_the_datasets_and_columns_that_there_are(chart):
    spec = specification(chart)
    parts = list(walked(spec))
    read = {part["data"]["name"] for part in parts if "name" in part.get("data", {})}
    assert read <= set(chart.needs)
    columns = {column for name in chart.needs for column in DATA[name].columns}
    made = {part["as"] for part in parts if isinstance(part.get("as"), str)}
    fields = {part["field"] for part in parts if isinstance(part.get("field"), str)}
    assert fields - made <= columns
    in_words = " ".join(str(part.get("filter", "")) for part in parts)
    assert set(re.findall(r"datum\.(\w+)", in_words)) - made <= columns


@pytest.mark.parametrize("chart", CHARTS, ids=named)
def test_every_selection_has_options(chart):
    spec = specification(chart)
    params = {one["name"]: one for one in spec.get("params", [])}
    for name, (data, column) in chart.choices.items():
        assert params[name]["bind"]["input"] == "select" and data in chart.needs
        assert DATA[data][column].notna().any()
    bound = {
        name for name, one in params.items() if one.get("bind", {}) and "options" in one["bind"]
    }
    unfilled = ([""], [NONE_PICKED])
    empty = {name for name in bound if params[name]["bind"]["options"] in unfilled}
    assert empty == set(chart.choices), "what the page does not fill has options of its own"


@pytest.mark.parametrize("chart", CHARTS, ids=named)
def test_a_chart_says_what_it_shows_to_those_who_do_not_see_it(chart):
    assert specification(chart)["description"].startswith(chart.title)
    assert chart.caption.endswith(".") and "<" not in chart.caption


@pytest.mark.parametrize("table", TABLES, ids=named)
def test_a_table_shows_columns_that_there_are(table):
    # A name with a colon stands for as many as there are.
    assert {name for name in table.columns if ":" not in name} <= set(DATA[table.data].columns)
