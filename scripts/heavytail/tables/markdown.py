"""Tables and numbers as text for people."""

import math

import pandas as pd

# This mark stands behind a number that is not distinguishable from the best of its row.
ALIKE = "≈"


def readable(value: float) -> str:
    """A number as people print it: 51.60, 1.2e5, nan."""
    if math.isnan(value):
        return "nan"
    if abs(value) < 1e4:
        return f"{value:.2f}"
    digits, exponent = f"{value:.1e}".split("e")
    return f"{digits}e{int(exponent)}"


def markdown(table: pd.DataFrame) -> str:
    """A table of text as markdown, with names aligned to the left and numbers to the right."""
    align = ("left", *["right"] * table.shape[1])
    return table.to_markdown(colalign=align, disable_numparse=True)
