"""Read the file of reference results (standard library only: parse time)."""

import csv
from collections.abc import Iterable
from pathlib import Path

from heavytail.config.mistakes import nearest

COLUMNS = (
    *("model", "method", "grouping", "grouping_certain", "blend", "segments_of", "epsilon"),
    *("epsilon_certain", "quantity", "layer", "value", "line", "confidence"),
)
NUMBERS = ("epsilon", "layer", "value")


# The columns of a file of published results, which says of each where it stands.
PUBLISHED = (
    *("model", "method", "allocator", "settings", "sparsity", "dataset", "length", "unit"),
    *("value", "source", "tuned_on", "read"),
)
# A column that such a file may have: how many windows were scored, if not all.
WINDOWS = "windows"
# What `settings` may say; the names of columns of tables/cells.csv.
SETTINGS = ("metric", "grouping", "mapping", "epsilon", "outlier", "statistic", "parts")
TUNED_ON = ("validation", "test", "not said")


def read_results(path: str | Path) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """(notes, published results) of a file, one of which is empty: its first line says which.

    Raises ValueError, which names the file, as `read_reference` and `read_published` do.
    """
    with open(path, "rb") as file:
        head = file.readline().decode("utf-8", "replace").strip().split(",")
    if "source" in head:
        return [], read_published(path)
    return read_reference(path), []


def read_published(path: str | Path) -> list[dict[str, str]]:
    """Every published result as column → text.

    Raises ValueError, which names the file, if it is not a CSV file, lacks a column, has text in
    place of a number, or says of a result what no table can compare.
    """
    rows = _rows(path, PUBLISHED, ("sparsity", "length", "value"))
    for number, row in enumerate(rows, 2):
        where = f"{path}: row {number}"
        for key in (pair.partition("=")[0] for pair in row["settings"].split()):
            if key not in SETTINGS:
                raise ValueError(f"{where}: settings: {nearest_of(key, SETTINGS)}")
        if row["tuned_on"] not in TUNED_ON:
            expected = f"expected one of {', '.join(TUNED_ON)}"
            raise ValueError(f"{where}: tuned_on: found {row['tuned_on']!r}, {expected}")
        if (counted := row.get(WINDOWS)) and not counted.isdecimal():
            raise ValueError(f"{where}: windows: found {counted!r}, expected a whole number")
        if not row["source"] or not row["value"] or not row["length"].isdecimal():
            raise ValueError(f"{where}: found no source, value or length, expected all three")
    return rows


def read_reference(path: str | Path) -> list[dict[str, str]]:
    """Every reference result as column → text; a field is empty if it was not recorded.

    Raises ValueError, which names the file, if it is not a CSV file, lacks a column, or has text in
    place of a number.
    """
    return _rows(path, COLUMNS, NUMBERS)


def nearest_of(key: str, names: Iterable[str]) -> str:
    """The words for an unknown key."""
    return f"unknown key {key!r}, {nearest(key, names)}"


def _rows(path: str | Path, columns: Iterable[str], numbers: Iterable[str]) -> list[dict[str, str]]:
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file, restval="")
            rows, found = list(reader), reader.fieldnames or ()
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{path}: not a CSV file ({error})") from error
    for name in columns:
        if name not in found:
            raise ValueError(f"{path}: found no column {name!r}, expected {', '.join(columns)}")
    for number, row in enumerate(rows, 2):
        for name in numbers:
            try:
                float(row[name] or "nan")
            except ValueError:
                where = f"{path}: row {number}: {name}"
                raise ValueError(f"{where}: found {row[name]!r}, expected a number") from None
    return rows
