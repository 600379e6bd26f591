"""Read the file of reference results (standard library only: parse time)."""

import csv
from pathlib import Path

COLUMNS = (
    *("model", "method", "grouping", "grouping_certain", "blend", "segments_of", "epsilon"),
    *("epsilon_certain", "quantity", "layer", "value", "line", "confidence"),
)
NUMBERS = ("epsilon", "layer", "value")


def read_reference(path: str | Path) -> list[dict[str, str]]:
    """Every reference result as column → text; a field is empty if it was not recorded.

    Raises ValueError, which names the file, if it is not a CSV file, lacks a column, or has text in
    place of a number.
    """
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file, restval="")
            rows, found = list(reader), reader.fieldnames or ()
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{path}: not a CSV file ({error})") from error
    for name in COLUMNS:
        if name not in found:
            raise ValueError(f"{path}: found no column {name!r}, expected {', '.join(COLUMNS)}")
    for number, row in enumerate(rows, 2):
        for name in NUMBERS:
            try:
                float(row[name] or "nan")
            except ValueError:
                where = f"{path}: row {number}: {name}"
                raise ValueError(f"{where}: found {row[name]!r}, expected a number") from None
    return rows
