"""Statistics of cells that differ only by their seed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
from pandas.api.typing import SeriesGroupBy

from heavytail.tables.cells import SETTINGS

CELL = ["model", "method", "sparsity", "allocation"]
QUANTITIES = ("perplexity", "zero_shot_mean")
# So begins the column of a protocol that is not the first.
OTHER = "perplexity:"


def statistics(groups: SeriesGroupBy[Any, Any]) -> pd.DataFrame:
    """Columns mean, sd (of a sample, n − 1), nan (seeds without a number) and seeds, per group.

    If a seed has no number, mean and sd are nan. The sd of a single seed is nan too.
    """
    found = groups.agg(
        mean=lambda seeds: seeds.mean(skipna=False), sd=lambda seeds: seeds.std(skipna=False)
    )
    return found.assign(nan=groups.size() - groups.count(), seeds=groups.size())


def spread(found: pd.Series, form: Callable[[float], str]) -> str:
    """A row of `statistics` as text: the mean and, if there are several seeds, the deviation.

    If some of several seeds have no number, the text says how many.
    """
    if found["nan"] and found["seeds"] > 1:
        return f"nan ({found['nan']:.0f} of {found['seeds']:.0f} seeds)"
    mean = form(found["mean"])
    return mean if found["seeds"] == 1 else f"{mean} ± {form(found['sd'])}"


def over_seeds(cells: pd.DataFrame) -> pd.DataFrame:
    """One row per model, method, sparsity and allocation, and one per dense model.

    The columns are the settings, `seeds` and, for zero_shot_mean and perplexity by every protocol,
    the mean, `_sd` and `_nan` as in `statistics`.
    """
    groups = cells.groupby(CELL, sort=False, dropna=False)
    found = groups[SETTINGS].first().assign(seeds=groups.size())
    others = [name for name in map(str, cells) if name.startswith(OTHER)]
    for quantity in (*QUANTITIES, *others):
        numbers = statistics(groups[quantity])
        found[quantity] = numbers["mean"]
        found[[f"{quantity}_sd", f"{quantity}_nan"]] = numbers[["sd", "nan"]]
    return found.reset_index()
