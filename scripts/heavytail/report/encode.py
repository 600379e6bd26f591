"""Data as the page carries them: once, by column, names as numbers, compressed."""

import base64
import gzip
import json
import math
from collections.abc import Iterable
from typing import Any

import pandas as pd


def encoded(table: pd.DataFrame, digits: int | None = None) -> dict[str, Any]:
    """A table by column.

    Args:
        table: of text, numbers and booleans; nan is null in the page.
        digits: how many of a number are kept; None: all.

    Returns:
        length, and columns: name → {"values"}, or {"levels", "codes"} of a column whose values
        repeat, which are many times smaller.
    """
    columns = {str(name): _column(table[name], digits) for name in table.columns}
    return {"length": len(table), "columns": columns}


def _column(column: pd.Series, digits: int | None) -> dict[str, Any]:
    values = [_plain(value, digits) for value in column]
    # By kind too: 1 and True would be one level.
    levels = {(type(value), value): value for value in values}
    if 2 * len(levels) > len(values):
        return {"values": values}
    places = {key: number for number, key in enumerate(levels)}
    codes = [places[type(value), value] for value in values]
    return {"levels": [*levels.values()], "codes": codes}


def _plain(value: Any, digits: int | None) -> Any:
    """A value of JSON: no nan, no infinity, no numpy."""
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if hasattr(value, "item"):
        value = value.item()
    if not isinstance(value, float):
        return value
    if not math.isfinite(value):
        return None
    return value if digits is None else float(f"{value:.{digits}g}")


def packed(value: Any) -> str:
    """JSON, compressed, as letters and digits: no text of it can be markup.

    The same value gives the same text.
    """
    text = json.dumps(value, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    return base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()


def with_model(model: str, table: pd.DataFrame) -> pd.DataFrame:
    """A table with its model as the first column."""
    return table.assign(model=model)[["model", *table.columns]]


def joined(tables: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Tables below one another; without any, a table without columns."""
    found = [table for table in tables if len(table)]
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame()
