"""What the report says of the cells: their qualities, gains and fronts, as tidy tables."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from heavytail.cells import DENSE, target_of
from heavytail.tables.cells import SETTINGS
from heavytail.tables.markdown import ALIKE, readable
from heavytail.tables.over_seeds import CELL, QUANTITIES, over_seeds, statistics

ROW = CELL[:3]
PERPLEXITY, ACCURACY = QUANTITIES
# So many times worse than the best is darkest: a collapsed cell must not bleach the others, nor a
# matrix without differences look as if it had some.
DARKEST = 3
# What a config says in place of a number → where the number comes from.
EPSILONS = {"tune": "chosen by trials", "alphapruning": "of AlphaPruning's scripts"}
COLUMNS = [
    *(*CELL, "share", "quality", "value", "sd", "seeds", "shown", "mark"),
    *("to_best", "to_dense", "difference", "low", "high", "epsilon", "settings", "order"),
]


def is_perplexity(quality: str) -> bool:
    """Whether a quality is a perplexity; that of a protocol beside the first is perplexity:NAME."""
    return quality.partition(":")[0] == PERPLEXITY


def label_of(quality: str) -> str:
    """A quality as people read it."""
    return "mean accuracy" if quality == ACCURACY else quality


def more_is_better(quality: str, scores: pd.DataFrame) -> bool:
    """Whether a larger number is better: not of perplexities, nor of tasks that say so."""
    worse = scores.loc[scores["counts"].eq(True) & scores["higher"].eq(False), "task"]
    return not is_perplexity(quality) and quality not in set(worse)


def _tidy(cells: pd.DataFrame, scores: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """Per quality a row per cell over its seeds: CELL, quality, value, sd, nan, seeds."""
    found = over_seeds(cells)
    for quality in QUANTITIES:
        own = found[[*CELL, "seeds"]].assign(quality=quality, value=found[quality])
        own[["sd", "nan"]] = found[[f"{quality}_sd", f"{quality}_nan"]]
        # A config without tasks has no accuracies; a nan perplexity is a result.
        if quality == PERPLEXITY or own["value"].notna().any():
            yield own
    accuracies = scores[scores["counts"].eq(True)]
    others = [name for name in map(str, cells) if is_perplexity(name) and name != PERPLEXITY]
    more = {name: cells.rename(columns={name: "value"}) for name in others}
    more |= {str(task): own for task, own in accuracies.groupby("task", sort=False)}
    for quality, own in more.items():
        numbers = statistics(own.groupby(CELL, sort=False, dropna=False)["value"])
        yield numbers.rename(columns={"mean": "value"}).reset_index().assign(quality=quality)


def qualities(
    cells: pd.DataFrame, scores: pd.DataFrame, significance: pd.DataFrame
) -> pd.DataFrame:
    """A row per cell over its seeds and quality, the dense models' among them.

    Args:
        cells, scores, significance: the tables of cells, zero-shot numbers and comparisons.

    Returns:
        `COLUMNS`. `share` is the target as a number. `to_best` and `to_dense` say how many times
        worse than the best of the row (model, method, sparsity) and than the dense model: 1 is
        equal, more is worse, whatever the quality. `mark` is "best", or "≈" if the comparison with
        the best cannot tell the two apart; `difference`, `low` and `high` are that comparison's.
    """
    found = pd.concat(list(_tidy(cells, scores)), ignore_index=True)
    dense = found[found["method"] == DENSE].set_index(["model", "quality"])["value"]
    directions = {name: more_is_better(name, scores) for name in found["quality"].unique()}
    better = found["quality"].map(directions)
    groups = found.groupby([*ROW, "quality"], sort=False, dropna=False)["value"]
    best = groups.transform("max").where(better, groups.transform("min"))
    base = pd.Series(
        [dense.get(key, np.nan) for key in zip(found["model"], found["quality"], strict=True)],
        index=found.index,
    )
    for name, against in (("to_best", best), ("to_dense", base)):
        with np.errstate(divide="ignore"):
            worse = (against / found["value"]).where(better, found["value"] / against)
        # Of numbers below 0, such as a correlation, no quotient says anything.
        found[name] = worse.where(np.isfinite(worse) & (worse > 0))
    pairs = significance[significance["baseline"] == "best"].rename(columns={"quantity": "quality"})
    keys = [*CELL, "quality"]
    found = found.merge(
        pairs[[*keys, "difference", "low", "high", "distinguishable"]], "left", keys
    )
    alike = found["distinguishable"].eq(False)
    is_best = found["to_best"].eq(1) & found["method"].ne(DENSE)
    found["mark"] = np.select([is_best, alike], ["best", ALIKE], "")
    found["shown"] = [
        shown(value, directions[quality]) + (f" {ALIKE}" if mark == ALIKE else "")
        for value, quality, mark in zip(
            found["value"], found["quality"], found["mark"], strict=True
        )
    ]
    found["share"] = [
        0.0 if pd.isna(sparsity) else target_of(sparsity)[0] for sparsity in found["sparsity"]
    ]
    firsts = cells.drop_duplicates(CELL)
    about = firsts[CELL].assign(epsilon=firsts["epsilon"].fillna(""), settings=_settings(firsts))
    found["quality"] = found["quality"].map(label_of)
    return in_order(found.merge(about, "left", CELL)).reindex(columns=COLUMNS)


def _settings(cells: pd.DataFrame) -> list[str]:
    """All settings of each cell but its epsilon, in words."""
    names = [name for name in SETTINGS if name != "epsilon"]
    rows = cells[names].to_dict("records")
    return [
        ", ".join(f"{name} {value}" for name, value in row.items() if pd.notna(value))
        for row in rows
    ]


def with_epsilon_sources(found: pd.DataFrame, allocations: Mapping[str, Any]) -> pd.DataFrame:
    """`qualities` whose epsilons say where they come from.

    Args:
        found: the table.
        allocations: those of the config, as it was written.
    """

    def told(allocation: str, epsilon: str) -> str:
        given = (allocations.get(allocation) or {}).get("epsilon")
        source = "of the config" if given is not None else "the default"
        if isinstance(given, str):
            source = EPSILONS.get(given, source)
        return f"{epsilon}, {source}" if epsilon else ""

    pairs = zip(found["allocation"], found["epsilon"], strict=True)
    return found.assign(epsilon=[told(*pair) for pair in pairs])


def in_order(table: pd.DataFrame) -> pd.DataFrame:
    """A table with the place of its rows' methods, by which panels stand, as column `order`."""
    return table.assign(order=pd.factorize(table["method"])[0])


def shown(value: float, more: bool) -> str:
    """A number as it stands in a heat map; `more` says whether more is better."""
    if math.isnan(value):
        return "nan"
    return f"{value:.3f}" if more else readable(value)


def gains(significance: pd.DataFrame) -> pd.DataFrame:
    """By how much each allocation is better than uniform, with its 95 % interval.

    Returns:
        CELL, quality, gain, low, high (the share by which perplexity is lower, or how much more
        accuracy: positive is better), distinguishable, order.
    """
    found = significance[
        (significance["baseline"] == "uniform") & significance["difference"].notna()
    ].copy()
    lower = found["quantity"].map(is_perplexity)
    numbers = found[["difference", "low", "high"]].astype(float)
    of_perplexity = -np.expm1(numbers)
    found["gain"] = numbers["difference"].where(~lower, of_perplexity["difference"])
    # What is the most of a difference is the least of a gain.
    found["low"] = numbers["low"].where(~lower, of_perplexity["high"])
    found["high"] = numbers["high"].where(~lower, of_perplexity["low"])
    found["quality"] = found["quantity"].map(label_of)
    found["distinguishable"] = found["distinguishable"].astype(str).eq("True")
    columns = [*CELL, "quality", "gain", "low", "high", "distinguishable"]
    return in_order(found[columns].reset_index(drop=True))


def pareto(cells: pd.DataFrame) -> pd.DataFrame:
    """Perplexity and mean accuracy of every cell over its seeds, and whether it is on the front.

    A cell is on the front of its model and sparsity if no other is better in one and at least as
    good in the other.

    Returns:
        CELL, perplexity, accuracy, front; without cells that lack one of the numbers.
    """
    found = over_seeds(cells[cells["method"] != DENSE]).rename(columns={ACCURACY: "accuracy"})
    found = found.dropna(subset=[PERPLEXITY, "accuracy"])[[*CELL, PERPLEXITY, "accuracy"]]
    found["front"] = False
    for _, own in found.groupby(["model", "sparsity"], sort=False):
        order = own.sort_values([PERPLEXITY, "accuracy"], ascending=[True, False])
        before = order["accuracy"].cummax().shift(fill_value=-np.inf)
        found.loc[order.index[order["accuracy"] > before], "front"] = True
    return found.reset_index(drop=True)
