"""Cells that differ by their seed alone, as one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
from pandas.api.typing import SeriesGroupBy

from heavytail.tables.cells import SETTINGS

CELL = ["model", "method", "sparsity", "allocation"]
QUANTITIES = ("perplexity", "zero_shot_mean")


def statistics(groups: SeriesGroupBy[Any, Any]) -> pd.DataFrame:
    """Over the seeds of each group: mean, sd (sample, n − 1), nan (how many have no number), seeds.

    A seed without a number leaves nothing to average: mean and sd are nan. So is the sd of one.
    """
    found = groups.agg(
        mean=lambda seeds: seeds.mean(skipna=False), sd=lambda seeds: seeds.std(skipna=False)
    )
    return found.assign(nan=groups.size() - groups.count(), seeds=groups.size())


def spread(found: pd.Series, form: Callable[[float], str]) -> str:
    """A row of `statistics` as text: the mean, with the deviation where there are several seeds.

    Where some of several have no number it is said how many.
    """
    if found["nan"] and found["seeds"] > 1:
        return f"nan ({found['nan']:.0f} of {found['seeds']:.0f} seeds)"
    mean = form(found["mean"])
    return mean if found["seeds"] == 1 else f"{mean} ± {form(found['sd'])}"


def over_seeds(cells: pd.DataFrame) -> pd.DataFrame:
    """One row per model, method, sparsity and allocation, the dense models' among them.

    Their settings, `seeds`, and of perplexity and zero_shot_mean the mean, and `_sd` and `_nan` as
    in `statistics`.
    """
    groups = cells.groupby(CELL, sort=False, dropna=False)
    found = groups[SETTINGS].first().assign(seeds=groups.size())
    for quantity in QUANTITIES:
        numbers = statistics(groups[quantity])
        found[quantity] = numbers["mean"]
        found[[f"{quantity}_sd", f"{quantity}_nan"]] = numbers[["sd", "nan"]]
    return found.reset_index()
