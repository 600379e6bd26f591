"""Rank correlations of spectral metrics with quality, over models and pruned cells."""

from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from heavytail.cells import DENSE
from heavytail.tables.markdown import markdown

NUMBERS = ["spearman", "spearman_p", "kendall", "kendall_p"]
COLUMNS = ["slice", "metric", "quality", "n", "dropped", *NUMBERS]
FEWEST_POINTS, LEAST_RHO = 3, 0.1


def model_averages(metrics: pd.DataFrame) -> pd.DataFrame:
    """The unweighted mean of each metric over the matrices of one model (arXiv 2202.02842).

    Args:
        metrics: the tidy columns block, projection, metric, value, of a dense or pruned model.

    Returns:
        Index: metric, in order of appearance. Columns: mean (without nan values), matrices (the
        number of all), nan (the number of those that were left out).
    """
    values = metrics.groupby("metric", sort=False)["value"]
    found = values.agg(mean="mean", matrices="size", nan="count")
    return found.assign(nan=found["matrices"] - found["nan"])


def _pair(points: pd.DataFrame, metric: str, quality: str) -> dict[str, float]:
    both = points[[metric, quality]].astype(float)
    both = both[np.isfinite(both.to_numpy()).all(axis=1)]
    found: dict[str, float] = {"n": len(both), "dropped": len(points) - len(both)}
    if len(both) < FEWEST_POINTS or (both.nunique() == 1).any():
        return found
    rho, tau = stats.spearmanr(both), stats.kendalltau(both[metric], both[quality])
    return found | dict(zip(NUMBERS, (*rho, *tau), strict=True))


def _table(
    slices: list[tuple[str, pd.DataFrame]], metrics: list[str], quality: str
) -> pd.DataFrame:
    rows = [
        {"slice": label, "metric": metric, "quality": quality} | _pair(points, metric, quality)
        for label, points in slices
        for metric in metrics
    ]
    return pd.DataFrame(rows, columns=COLUMNS).astype(dict.fromkeys(NUMBERS, float))


def _label(keys: list[str], values: tuple[Any, ...]) -> str:
    parts = zip(keys, ("none" if pd.isna(value) else value for value in values), strict=True)
    return ", ".join(f"{key}={value}" for key, value in parts) or "all"


def correlations(
    points: pd.DataFrame, metrics: list[str], quality: str, by: list[str] | None = None
) -> pd.DataFrame:
    """Spearman's rho and Kendall's tau-b of each metric with a quality (arXiv 2202.02842).

    One slice per combination of values of `by`, in order of appearance; without it all points.
    Columns: slice ('all', or such as 'method=wanda, allocation=gt'; 'none' is a missing value, as
    a dense point's allocation), metric, quality, n (points where both are finite), dropped (the
    others), spearman, spearman_p, kendall, kendall_p (nan if n < 3 or a side is constant).

    The two-sided p-values take points for independent, which cells of one model are not. Spearman's
    is a t approximation, 0 for any perfect order, even of three points; Kendall's is exact if there
    are no ties. A column that `points` lacks is a KeyError.
    """
    groups = points.groupby(by, sort=False, dropna=False) if by else [((), points)]
    slices = [(_label(by or [], values), own) for values, own in groups]
    return _table(slices, metrics, quality)


def _sign(rho: pd.Series | float) -> np.ndarray:
    return np.sign(np.where(np.abs(rho) < LEAST_RHO, 0, rho))


def _verdict(pooled: float, slices: pd.DataFrame) -> dict[str, Any]:
    rho, opposite = slices["spearman"], -_sign(pooled)
    within = np.average(rho, weights=slices["n"]) if len(rho) else np.nan
    against = opposite != 0 and _sign(within) == opposite
    return {
        "pooled": pooled,
        "within": within,
        "slices": len(rho),
        "positive": (_sign(rho) > 0).sum(),
        "negative": (_sign(rho) < 0).sum(),
        "reversed": bool(against and len(rho) > 1 and (_sign(rho) == opposite).mean() > 0.5),
        "rhos": ", ".join(f"{s} {r:z.2f}" for s, r in zip(slices["slice"], rho, strict=True)),
    }


def simpsons_paradox(
    points: pd.DataFrame, metrics: list[str], quality: str, by: list[str]
) -> pd.DataFrame:
    """Whether a metric's pooled correlation contradicts the correlation within slices.

    One row per key of `by`, each used alone, and metric. Columns: key, metric, quality, pooled (rho
    of all points), within (n-weighted mean of the slices' rho), slices, positive and negative (how
    many have that sign), reversed, rhos (text: every slice's). A slice counts if its rho is defined
    (see `correlations`). |rho| < 0.1 has no sign: it is below Cohen's small effect, and noise that
    changes sides is no paradox. `reversed`: the pooled rho has a sign, at least two slices count,
    and both `within` and more than half of those slices have the opposite sign.

    Metrics that order models in aggregate and fail within one depth, or the reverse, are the
    paradox of Martin and Mahoney (arXiv 2106.00734), taken up in arXiv 2202.02842, section 1; see
    also Martin, Peng and Mahoney, Nature Communications 12:4122 (2021). A column that `points`
    lacks is a KeyError.
    """
    pooled = correlations(points, metrics, quality).set_index("metric")["spearman"]
    rows = []
    for key in by:
        slices = correlations(points, metrics, quality, [key]).dropna(subset="spearman")
        for metric in metrics:
            row = {"key": key, "metric": metric, "quality": quality}
            rows.append(row | _verdict(pooled[metric], slices[slices["metric"] == metric]))
    return pd.DataFrame(rows)


def dense_to_pruned(points: pd.DataFrame, metrics: list[str], quality: str) -> pd.DataFrame:
    """Across models, each metric of the dense weights with the quality after pruning.

    Columns as in `correlations`; slice is 'dense' (the dense quality), then such as 'wanda gt 0.7'.
    The quality is the mean over seeds, nan if a seed's is; metrics of pruned rows are not read.
    A model without a dense row is among the dropped; one with two of them is a ValueError, a column
    that `points` lacks a KeyError.
    """
    of_dense, cell = points["method"] == DENSE, ["method", "allocation", "sparsity"]
    dense = points[of_dense]
    seeds = points[~of_dense].groupby([*cell, "model"], sort=False)
    cells = seeds[quality].mean(skipna=False).reset_index()
    cells = cells.merge(dense[["model", *metrics]], "left", "model", validate="many_to_one")
    slices = [(" ".join(map(str, key)), own) for key, own in cells.groupby(cell, sort=False)]
    return _table([(DENSE, dense), *slices], metrics, quality)


def _readable(table: pd.DataFrame, group: str, rho: str) -> str:
    order = np.lexsort((-table[rho].abs(), pd.factorize(table[group])[0]))
    text = table.iloc[order].set_index(group)
    numbers = text.select_dtypes("float").columns
    return markdown(text.assign(**text[numbers].map("{:z.2f}".format)).astype(str))


def correlations_markdown(table: pd.DataFrame) -> str:
    """Markdown of `correlations` or `dense_to_pruned`, the largest |spearman| of a slice first."""
    return _readable(table, "slice", "spearman")


def simpson_markdown(table: pd.DataFrame) -> str:
    """Markdown of `simpsons_paradox`, the largest |pooled| of a key first."""
    marks = table["reversed"].map({True: "reversed", False: ""})
    return _readable(table.assign(reversed=marks), "key", "pooled")
