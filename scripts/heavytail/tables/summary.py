"""The best allocation for every model, method and sparsity, and its gain over two baselines."""

import pandas as pd

from heavytail.cells import DENSE
from heavytail.tables.markdown import ALIKE, markdown, readable
from heavytail.tables.over_seeds import over_seeds

ROW = ["model", "method", "sparsity"]
BASELINES = ("gt", "uniform")
# Quantity → whether more is better.
QUANTITIES = {"perplexity": False, "zero_shot_mean": True}
COLUMNS = [
    *ROW,
    *("quantity", "allocation", "value"),
    *(f"{name}{part}" for name in BASELINES for part in ("", "_value", "_gain", "_apart")),
]
NUMBER = {"perplexity": readable, "zero_shot_mean": "{:.4f}".format}
GAIN = {"perplexity": "{:.1%}".format, "zero_shot_mean": "{:+.4f}".format}


def baseline(row: pd.DataFrame, name: str) -> pd.DataFrame:
    """The allocations of a row that are this baseline.

    "gt": alpha_peak over all seven projections, block by block, without segments or blend.
    "uniform": the allocator uniform.
    """
    if name == "uniform":
        return row[row["allocator"] == "uniform"]
    gt = (row["metric"] == "alpha_peak") & (row["grouping"] == "gt")
    gt &= row["mapping"].fillna("block") == "block"
    return row[gt & row[["segments", "blend"]].isna().all(axis=1)]


def gain(quantity: str, best: float, other: float) -> float:
    """The share by which the best perplexity is lower, or by how much its accuracy is higher."""
    return best - other if QUANTITIES[quantity] else 1 - best / other


def best_rows(cells: pd.DataFrame, significance: pd.DataFrame) -> pd.DataFrame:
    """The best allocation and its gains, per model, method, sparsity and quantity.

    Args:
        cells: the table of cells.
        significance: the table of comparisons.

    Returns:
        Columns `COLUMNS`. For each baseline they are its allocation (the best if there are
        several), its value, the gain over it, and whether the two are distinguishable, which is nan
        if that is not known. All are nan if the row has no such baseline; values and gains are nan
        also if the baseline has no number.
    """
    pairs = significance[significance["baseline"] == "best"]
    apart = pairs.set_index([*ROW, "quantity", "allocation"])["distinguishable"].to_dict()
    found = []
    pruned = over_seeds(cells[cells["method"] != DENSE])
    for key, row in pruned.groupby(ROW, sort=False):
        for quantity, more in QUANTITIES.items():
            order = row.sort_values(quantity, ascending=not more, kind="stable")
            best = order.iloc[0]
            if pd.isna(best[quantity]):
                continue
            line = dict(zip(ROW, key, strict=True)) | {"quantity": quantity}
            line |= {"allocation": best["allocation"], "value": best[quantity]}
            for name in BASELINES:
                for _, other in baseline(order, name).head(1).iterrows():
                    line[name], line[f"{name}_value"] = other["allocation"], other[quantity]
                    line[f"{name}_gain"] = gain(quantity, best[quantity], other[quantity])
                    line[f"{name}_apart"] = apart.get((*key, quantity, other["allocation"]))
            found.append(line)
    return pd.DataFrame(found, columns=COLUMNS)


def summary_table(rows: pd.DataFrame, quantity: str) -> str:
    """Markdown with the best allocations by one quantity."""
    lines = []
    for _, row in rows[rows["quantity"] == quantity].iterrows():
        line = {key: row[key] for key in ROW}
        line |= {"best": row["allocation"], quantity: NUMBER[quantity](row["value"])}
        for name in BASELINES:
            line[name], line[f"gain over {name}"] = _beside(row, name, quantity)
        lines.append(line)
    return markdown(pd.DataFrame(lines).set_index("model"))


def _beside(row: pd.Series, name: str, quantity: str) -> tuple[str, str]:
    """A baseline and the gain over it as text."""
    if pd.isna(row[name]):
        return "–", "–"
    if row[name] == row["allocation"]:
        return "itself", "–"
    value, more, apart = (row[f"{name}_{part}"] for part in ("value", "gain", "apart"))
    gained = "–" if pd.isna(more) else GAIN[quantity](more)
    mark = f" {ALIKE}" if pd.notna(apart) and not apart else ""
    return f"{row[name]} {NUMBER[quantity](value)}", gained + mark
