"""What the report says of blocks and matrices: ratios, spectra and metrics, as tidy tables."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from heavytail.projections import key_of

ALL = "all"
# The number of an expert, behind its projection.
EXPERT = r"\.\d+$"
TABLE = ["method", "sparsity", "allocation"]


def over_experts(table: pd.DataFrame, value: str) -> pd.DataFrame:
    """A table of matrices with one row for all numbered experts of a block: their mean.

    They are as large as each other. An expert that every token sees keeps a row of its own.

    Args:
        table: a row per matrix, its projection among the columns.
        value: the column of which the mean is taken; all others tell rows apart.
    """
    named = table["projection"].str.replace(EXPERT, "", regex=True)
    if named.equals(table["projection"]):
        return table
    keys = [column for column in table if column != value]
    means = table.assign(projection=named).groupby(keys, sort=False, dropna=False)[value].mean()
    return means.reset_index()[list(table)]


def projections(ratios: pd.DataFrame) -> pd.DataFrame:
    """The ratios of one model's matrices; blocks whose matrices share one have a row for all.

    Args:
        ratios: a row per matrix, the columns `MATRICES` of tables/ratios.

    Returns:
        method, sparsity, allocation, block, projection ("all" where a whole table gives every
        matrix of a block the same ratio), ratio.
    """
    ratios = over_experts(ratios, "ratio")
    spread = ratios.groupby([*TABLE, "block"], sort=False)["ratio"].agg(np.ptp)
    uneven = spread.groupby(level=TABLE, sort=False).max() > 1e-12
    keys = pd.MultiIndex.from_frame(ratios[TABLE])
    kept = ratios[uneven.reindex(keys).to_numpy(dtype=bool)]
    rest = ratios[~uneven.reindex(keys).to_numpy(dtype=bool)].drop_duplicates([*TABLE, "block"])
    found = pd.concat([kept, rest.assign(projection=ALL)]).sort_index(kind="stable")
    return found[[*TABLE, "block", "projection", "ratio"]].reset_index(drop=True)


def boundaries(segments: Mapping[str, list[list[int]]]) -> pd.DataFrame:
    """Where segments end: owner of the segments, number, first and last block, and `after`.

    `after` lies between the last block of a segment and the first of the next; the last has none.
    """
    rows = [
        {"segments": name, "segment": number, "first": run[0], "last": run[-1]}
        | {"after": run[-1] + 0.5 if number < len(runs) - 1 else np.nan}
        for name, runs in segments.items()
        for number, run in enumerate(runs)
    ]
    return pd.DataFrame(rows, columns=["segments", "segment", "first", "last", "after"])


def named(table: pd.DataFrame) -> pd.DataFrame:
    """A table of matrices with their keys, `{block}.{projection}`, as column `matrix`."""
    keys = map(key_of, table["block"], table["projection"])
    return table.assign(matrix=list(keys))


def fitted_tails(tails: pd.DataFrame) -> pd.DataFrame:
    """The fitted tail of each matrix as the two ends of its line on logarithmic axes.

    The density of the tail is share · (α − 1)/start · (x/start)^(−α) from start on, share being
    that of all eigenvalues which lies in it.

    Args:
        tails: as bin_spectra writes them, with `matrix`.

    Returns:
        Two rows per matrix: its columns, and eigenvalue and density of an end.
    """
    known = tails.dropna(subset=["alpha"])
    ends = []
    for name in ("start", "largest"):
        x = known[name]
        height = known["share"] * (known["alpha"] - 1) / known["start"]
        ends.append(
            known.assign(eigenvalue=x, density=height * (x / known["start"]) ** -known["alpha"])
        )
    return pd.concat(ends).sort_index(kind="stable").reset_index(drop=True)


def undecided(tails: pd.DataFrame) -> pd.DataFrame:
    """Per model and what was measured: matrices, and those whose peak is one of several as full."""
    groups = tails.groupby(["model", "subject"], sort=False)["fullest"]
    return groups.agg(matrices="size", undecided=lambda own: int((own > 1).sum())).reset_index()
