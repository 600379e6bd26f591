"""Data in the page: by column, without loss, and never markup."""

import json
import re
from typing import Any

import numpy as np
import pandas as pd

from heavytail.report.encode import encoded, joined, packed
from support.made_up import unpacked

HOSTILE = "</script><script>alert(1)</script><!--&\u2028"


def decoded(found: dict[str, Any]) -> list[dict[str, Any]]:
    """As the page's script reads them."""
    rows = [{} for _ in range(found["length"])]
    for name, column in found["columns"].items():
        for place, row in enumerate(rows):
            levels = column.get("levels")
            row[name] = levels[column["codes"][place]] if levels else column["values"][place]
    return rows


def test_rows_come_back():
    table = pd.DataFrame(
        {
            "name": ["a", "b", "a", "a", "b"],
            "value": [1.5, np.nan, 2.25, np.inf, 1.5],
            "flag": [True, False, True, True, True],
            "whole": pd.array([1, None, 3, 4, 5], dtype="Int64"),
            "mixed": [1, True, 1, True, 1],
        }
    )
    rows = decoded(json.loads(json.dumps(encoded(table), allow_nan=False)))
    assert [row["name"] for row in rows] == list("abaab")
    assert [row["value"] for row in rows] == [1.5, None, 2.25, None, 1.5]
    assert [row["whole"] for row in rows] == [1, None, 3, 4, 5]
    assert [row["flag"] for row in rows] == [True, False, True, True, True]
    assert [type(row["mixed"]) for row in rows] == [int, bool, int, bool, int]
    assert "levels" in encoded(table)["columns"]["name"], "a name that repeats is stored once"


def test_numbers_to_copy_are_whole_and_those_to_draw_are_short():
    table = pd.DataFrame({"value": [1 / 3]})
    assert decoded(encoded(table)) == [{"value": 1 / 3}]
    assert decoded(encoded(table, 7)) == [{"value": 0.3333333}]


def test_no_text_ends_the_script_that_holds_it():
    text = packed({"name": HOSTILE})
    assert re.fullmatch("[A-Za-z0-9+/=]+", text)
    assert unpacked(text) == {"name": HOSTILE} and packed({"name": HOSTILE}) == text


def test_nothing_below_nothing_is_nothing():
    assert len(joined([])) == 0 and len(joined([pd.DataFrame(columns=["a"])])) == 0
