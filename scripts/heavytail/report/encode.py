"""Data as the page carries them: once, by column, names as numbers."""

import json
import math
from collections.abc import Iterable
from typing import Any

import pandas as pd

# Of what is only drawn; the cells' own numbers stay whole.
DIGITS = 7


def encoded(table: pd.DataFrame, whole: bool = False) -> dict[str, Any]:
    """A table by column.

    Args:
        table: of text, numbers and booleans; nan is null in the page.
        whole: whether numbers keep all digits.

    Returns:
        length, and columns: name → {"values"}, or {"levels", "codes"} of a column whose values
        repeat, which are many times smaller.
    """
    columns = {str(name): _column(table[name], whole) for name in table.columns}
    return {"length": len(table), "columns": columns}


def _column(column: pd.Series, whole: bool) -> dict[str, Any]:
    values = [_plain(value, whole) for value in column]
    # By kind too: 1 and True would be one level.
    levels = {(type(value), value): value for value in values}
    if 2 * len(levels) > len(values):
        return {"values": values}
    places = {key: number for number, key in enumerate(levels)}
    codes = [places[type(value), value] for value in values]
    return {"levels": [*levels.values()], "codes": codes}


def _plain(value: Any, whole: bool) -> Any:
    """A value of JSON: no nan, no infinity, no numpy."""
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if hasattr(value, "item"):
        value = value.item()
    if not isinstance(value, float):
        return value
    if not math.isfinite(value):
        return None
    return value if whole else float(f"{value:.{DIGITS}g}")


def in_script(value: Any) -> str:
    """JSON that may stand between <script> and </script>, whatever texts it holds."""
    text = json.dumps(value, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text


def with_model(model: str, table: pd.DataFrame) -> pd.DataFrame:
    """A table with its model as the first column."""
    return table.assign(model=model)[["model", *table.columns]]


def joined(tables: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Tables below one another; without any, a table without columns."""
    found = [table for table in tables if len(table)]
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame()
