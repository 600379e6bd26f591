"""Paired bootstraps, which say which allocations of a row the evaluation distinguishes.

A row is a model, a method and a sparsity. The same windows or documents are drawn for both sides of
a difference, so that what they have in common cancels. Each window or document counts as
independent of the others. Intervals are percentiles of the resampled differences (Efron and
Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13).
"""

from collections.abc import Callable, Hashable
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from heavytail.cells import DENSE

RESAMPLES, CONFIDENCE, SEED = 10_000, 0.95, 0
# With fewer windows or documents, percentile intervals are too narrow to claim anything.
FEWEST = 20
# Equal cells differ by rounding, at most by this, in nats or in accuracy.
TIE = 1e-9
COLUMNS = [
    *("model", "method", "sparsity", "quantity", "allocation", "baseline", "against"),
    *("difference", "low", "high", "distinguishable"),
]
# The number of draws that are in memory at a time.
PART = 1000
# A difference and its interval; that of two allocations; one comparison.
Interval = tuple[float, float, float]
Differences = Callable[[str, str], Interval]
Row = dict[str, Any]
UNKNOWN = (np.nan, np.nan, np.nan)


@lru_cache(maxsize=1)
def drawn(units: int) -> np.ndarray:
    """How often each unit is drawn in each resample, int16 [RESAMPLES, units]."""
    rng, shares = np.random.default_rng(SEED), np.full(units, 1 / units)
    parts = (rng.multinomial(units, shares, PART) for _ in range(RESAMPLES // PART))
    return np.concatenate([part.astype(np.int16) for part in parts])


def resampled_means(values: np.ndarray) -> np.ndarray:
    """Means over units drawn with replacement, the same units for every row.

    Args:
        values: float64 [rows, units].

    Returns:
        float64 [RESAMPLES, rows].
    """
    counts = drawn(values.shape[1])
    parts = (counts[i : i + PART] @ values.T for i in range(0, RESAMPLES, PART))
    return np.concatenate(list(parts)) / values.shape[1]


def log_mean_perplexity(losses: np.ndarray) -> np.ndarray:
    """ln of the mean perplexity over seeds, from losses in nats per window, [..., seeds]."""
    return np.logaddexp.reduce(losses, axis=-1) - np.log(losses.shape[-1])


def interval(point: float, resampled: np.ndarray) -> Interval:
    """The difference and its percentile interval."""
    outside = (1 - CONFIDENCE) / 2
    return (point, *np.quantile(resampled, [outside, 1 - outside]))


def perplexity_differences(losses: dict[str, list[np.ndarray]]) -> Differences:
    """A function of two allocations: the first's ln perplexity minus the other's, and interval.

    Args:
        losses: allocation → for each seed, the nats of each window, float64 [windows]. Perplexity
            is the mean over seeds. Each draw takes the same windows for all seeds.
    """
    stacked = np.stack(list(losses.values()))  # [allocations, seeds, windows]
    if stacked.shape[2] < FEWEST:
        return lambda _one, _other: UNKNOWN
    points = dict(zip(losses, log_mean_perplexity(stacked.mean(axis=2)), strict=True))
    means = resampled_means(stacked.reshape(-1, stacked.shape[2]))
    draws = log_mean_perplexity(means.reshape(RESAMPLES, *stacked.shape[:2]))
    resampled = dict(zip(losses, draws.T, strict=True))
    return lambda one, other: interval(
        points[one] - points[other], resampled[one] - resampled[other]
    )


def accuracy_differences(
    outcomes: dict[str, list[dict[str, np.ndarray]]], weights: dict[str, float]
) -> Differences:
    """A function of two allocations: the first's mean accuracy minus the other's, and interval.

    Documents are drawn within their task. A draw depends only on how often each difference of
    outcomes occurs.

    Args:
        outcomes: allocation → for each seed, task → what each document counts, from 0 to 1. With
            several seeds, a document counts with the mean over seeds.
        weights: task → its weight in the mean.
    """
    means = {
        name: {task: np.mean([seed[task] for seed in seeds], axis=0) for task in seeds[0]}
        for name, seeds in outcomes.items()
    }

    def difference(one: str, other: str) -> Interval:
        rng = np.random.default_rng(SEED)
        points, resampled, own = [], [], [weights[task] for task in means[one]]
        for task, ours in means[one].items():
            if len(ours) < FEWEST:
                return UNKNOWN
            pairs = ours - means[other][task]
            values, counts = np.unique(pairs, return_counts=True)
            draws = rng.multinomial(len(pairs), counts / len(pairs), RESAMPLES)
            points.append(pairs.mean())
            resampled.append(draws @ values / len(pairs))
        mean = np.average(resampled, axis=0, weights=own)
        return interval(float(np.average(points, weights=own)), mean)

    return difference


def compared(values: pd.Series, baselines: dict[str, str], difference: Differences) -> list[Row]:
    """Compare every allocation of a row with the baselines.

    Args:
        values: allocation → the number in the table, nan if there is none.
        baselines: "best" and "uniform" → the allocation that is this baseline.
        difference: a function of two allocations that have numbers.

    Returns:
        Rows: allocation, baseline, against, difference, low, high and distinguishable. If one of
        the two has no number, or if there are too few windows or documents, the numbers are nan and
        distinguishable is None.
    """
    rows = []
    for baseline, against in baselines.items():
        for allocation in values.index.drop(against):
            known = values[[allocation, against]].notna().all()
            found = difference(allocation, against) if known else UNKNOWN
            apart = None if np.isnan(found[0]) else bool(found[1] > TIE or found[2] < -TIE)
            names = {"allocation": allocation, "baseline": baseline, "against": against}
            numbers = dict(zip(("difference", "low", "high"), found, strict=True))
            rows.append(names | numbers | {"distinguishable": apart})
    return rows


# Quantity → the function that finds the best of a row, and the function that compares.
QUANTITIES: dict[str, tuple[Callable[[pd.Series], Hashable], Callable[..., Differences]]] = {
    "perplexity": (pd.Series.idxmin, lambda losses, _weights: perplexity_differences(losses)),
    "zero_shot_mean": (pd.Series.idxmax, accuracy_differences),
}


def _row(cells: pd.DataFrame, units: dict[str, list[Any]], weights: dict[str, float]) -> list[Row]:
    """The comparisons of one row; the index of `cells` says which of `units` belongs to a cell."""
    groups, rows = cells.groupby("allocation", sort=False), []
    positions = {name: seeds.index for name, seeds in groups}
    uniform = cells.loc[cells["allocator"] == "uniform", "allocation"].head(1)
    for quantity, (best, differences) in QUANTITIES.items():
        values = groups[quantity].agg(lambda seeds: seeds.mean(skipna=False))
        known = values.dropna().index
        if len(known):
            baselines = {"best": best(values)} | dict(zip(["uniform"], uniform, strict=False))
            own = {name: [units[quantity][i] for i in positions[name]] for name in known}
            found = compared(values, baselines, differences(own, weights))
            rows += [{"quantity": quantity} | row for row in found]
    return rows


def significance(
    cells: pd.DataFrame,
    losses: list[np.ndarray],
    outcomes: list[dict[str, np.ndarray]],
    weights: dict[str, float],
) -> pd.DataFrame:
    """Compare every allocation of every row with the best of the row and with uniform.

    Args:
        cells: the table of cells.
        losses: per row of `cells`, the nats of each window, float64 [windows]; nan if not finite.
        outcomes: per row of `cells`, task → what each document counts; empty without tasks.
        weights: task → its weight in the mean.

    Returns:
        Columns `COLUMNS`. `difference`, `low` and `high` are those of `allocation` minus `against`,
        in ln perplexity or in accuracy. The best is the best of the table's means over seeds.
    """
    found = []
    units: dict[str, list[Any]] = {"perplexity": losses, "zero_shot_mean": outcomes}
    pruned = cells[cells["method"] != DENSE]
    keys = ["model", "method", "sparsity"]
    for key, row in pruned.groupby(keys, sort=False):
        found += [dict(zip(keys, key, strict=True)) | one for one in _row(row, units, weights)]
    return pd.DataFrame(found, columns=COLUMNS)
