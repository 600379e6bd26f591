"""Published results beside the cells that have their settings, protocol and sparsity."""

import numpy as np
import pandas as pd

from heavytail.cells import DENSE
from heavytail.config.reference import WINDOWS
from heavytail.tables.significance import (
    CONFIDENCE,
    FEWEST,
    UNKNOWN,
    Interval,
    log_mean_perplexity,
    resampled_means,
)

CELL = ("model", "method", "sparsity", "allocation")
# What a published result says beyond one of the notes.
MORE = ("source", "tuned_on", "difference", "low", "high")


def column_of(result: dict[str, str], protocols: pd.DataFrame) -> str | None:
    """The column of the protocol by which a published result was measured; None if there is none.

    Published perplexities are of windows of the test split, one after another: of all of them, or
    of as many of the first ones as the result says.

    Args:
        result: a row of a file of published results.
        protocols: tables/protocols.csv.
    """
    counted, own = result.get(WINDOWS), protocols["windows"]
    same = (
        (protocols["dataset"].astype(str) == result["dataset"])
        & (protocols["length"] == int(result["length"]))
        & (protocols["unit"] == result["unit"])
        & (protocols["split"] == "test")
        & protocols["stride"].isna()
        & (own == int(counted) if counted else own.isna())
        & (protocols["bos"] == "tokenizer")
    )
    found = protocols.loc[same, "column"]
    return None if found.empty else str(found.iloc[0])


def matches(result: dict[str, str], cells: pd.DataFrame) -> pd.Series:
    """Which cells have the settings of a published result, as booleans.

    Args:
        result: "settings" are KEY=VALUE pairs, separated by spaces.
        cells: the table that over_seeds returns.
    """
    own = (cells["model"] == result["model"]) & (cells["method"] == result["method"])
    if result["method"] == DENSE:
        return own
    own &= (cells["allocator"] == result["allocator"]) & cells["bounds"].isna()
    own &= cells["blend"].isna() & cells["segments"].isna()
    own &= pd.to_numeric(cells["sparsity"], errors="coerce") == float(result["sparsity"])
    for key, value in (pair.split("=", 1) for pair in result["settings"].split()):
        number = pd.to_numeric(cells[key], errors="coerce")
        own &= (number - float(value)).abs() < 1e-9 if _is_number(value) else cells[key] == value
    return own


def beside_published(
    results: list[dict[str, str]], cells: pd.DataFrame, protocols: pd.DataFrame
) -> list[dict[str, object]]:
    """A row for every pair of a published result and a cell that has its settings.

    Args:
        results: rows of files of published results.
        cells: the table that over_seeds returns.
        protocols: tables/protocols.csv.

    Returns:
        Rows with columns of `reference.COLUMNS` and `MORE`. The quantity is ppl_DATASET by the
        first protocol, else ppl:NAME.
    """
    rows = []
    for result in results:
        column = column_of(result, protocols)
        if column is None:
            continue
        name = column.partition(":")[2]
        quantity = f"ppl:{name}" if name else f"ppl_{result['dataset']}"
        about = {key: result[key] for key in ("model", "method", "source", "tuned_on")}
        about |= {"quantity": quantity, "confidence": result["read"]}
        for _, cell in cells[matches(result, cells)].iterrows():
            own = {key: cell[key] for key in ("allocation", "sparsity", "epsilon", "grouping")}
            numbers = {"reference": float(result["value"]), "ours": cell[column]}
            rows.append(about | own | numbers)
    return rows


def with_intervals(
    found: pd.DataFrame, cells: pd.DataFrame, losses: list[np.ndarray]
) -> pd.DataFrame:
    """The same rows with ln(ours / theirs) of each perplexity and its 95 % interval.

    Their number has no error of its own: the interval is that of ours, over the windows. Only the
    first protocol has losses of windows in the tables; by others there is no interval.

    Args:
        found: rows that have a reference and ours beside it.
        cells: tables/cells.csv.
        losses: per row of `cells`, the nats of each window.
    """
    places = cells.fillna({"sparsity": "", "allocation": ""}).groupby(list(CELL)).indices
    columns: list[Interval] = []
    for _, row in found.iterrows():
        quantity = str(row["quantity"])
        known = quantity.startswith("ppl") and pd.notna(row["ours"])
        point = float(np.log(row["ours"] / row["reference"])) if known else np.nan
        key = tuple("" if pd.isna(row[name]) else row[name] for name in CELL)
        own = [losses[place] for place in places[key]] if quantity.startswith("ppl_") else []
        bounds = _interval(own, row["reference"]) if known and own else UNKNOWN[1:]
        columns.append((point, *bounds))
    found = found.copy()
    found[["difference", "low", "high"]] = np.array(columns, dtype=float).reshape(-1, 3)
    return found


def _interval(losses: list[np.ndarray], theirs: float) -> tuple[float, float]:
    """The percentile interval of ln(our mean perplexity over seeds / theirs)."""
    if len(losses[0]) < FEWEST:
        return UNKNOWN[1:]
    outside = (1 - CONFIDENCE) / 2
    draws = log_mean_perplexity(resampled_means(np.stack(losses))) - np.log(theirs)
    low, high = np.quantile(draws, [outside, 1 - outside])
    return float(low), float(high)


def _is_number(value: str) -> bool:
    try:
        float(value)
    except ValueError:
        return False
    return True
