"""Tables as pure functions of records."""

import math
from collections.abc import Callable

import pandas as pd

COLUMNS = [
    *("model", "method", "within_block", "allocation"),
    *("metric", "grouping", "epsilon", "segments", "blend"),
    *("sparsity", "seed", "realised_sparsity", "perplexity", "zero_shot_mean"),
    *("seconds", "peak_memory_mb", "artifact"),
]
DENSE = "dense"


def cell_rows(
    rows: list[dict],
    perplexity: list[dict],
    zero_shot: list[dict],
    pruned: dict[str, dict],
) -> pd.DataFrame:
    """One row per cell and one dense row per model, columns as in the file contract.

    Args:
        rows: what the config says of each row; `method` is None in a dense one.
        perplexity: the rows' records.
        zero_shot: the rows' records, or nothing when no task was asked for.
        pruned: artifact path → record of the pruning.
    """
    table = []
    for number, row in enumerate(rows):
        own = pruned.get(row["artifact"], {"realised_sparsity": 0.0})
        scores = zero_shot[number] if zero_shot else {"mean": None}
        numbers = {"perplexity": perplexity[number]["perplexity"], "zero_shot_mean": scores["mean"]}
        table.append(row | own | numbers | {"method": row["method"] or DENSE})
    return pd.DataFrame(table).reindex(columns=COLUMNS).astype({"seed": "Int64"})


def zero_shot_rows(rows: list[dict], zero_shot: list[dict]) -> pd.DataFrame:
    """Tidy zero-shot numbers: one row per cell, task and number (acc, acc_stderr, ...)."""
    keys = ("model", "method", "allocation", "sparsity", "seed")
    table = [
        {key: row[key] for key in keys}
        | {"method": row["method"] or DENSE, "task": task, "number": number, "value": value}
        for row, record in zip(rows, zero_shot, strict=False)
        for task, numbers in record["tasks"].items()
        for number, value in numbers.items()
    ]
    return pd.DataFrame(table, columns=[*keys, "task", "number", "value"])


def readable(value: float) -> str:
    """A number as people print it: 51.60, 1.2e5, nan."""
    if math.isnan(value):
        return "nan"
    if abs(value) < 1e4:
        return f"{value:.2f}"
    digits, exponent = f"{value:.1e}".split("e")
    return f"{digits}e{int(exponent)}"


def spread(values: pd.Series, form: Callable[[float], str]) -> str:
    """The mean over seeds, with the standard deviation where there are several."""
    mean = form(values.mean(skipna=False))
    return mean if len(values) == 1 else f"{mean} ± {form(values.std(skipna=False))}"


def markdown(table: pd.DataFrame) -> str:
    """A table of text as markdown, names to the left and numbers to the right."""
    align = ("left", *["right"] * table.shape[1])
    return table.to_markdown(colalign=align, disable_numparse=True)


def perplexity_table(cells: pd.DataFrame, sparsity: float) -> str:
    """Methods as rows, allocations as columns, the dense model first; markdown."""
    pruned = cells[cells["sparsity"] == sparsity]
    order = {axis: list(dict.fromkeys(pruned[axis])) for axis in ("method", "allocation")}
    table = pruned.pivot_table(
        index="method",
        columns="allocation",
        values="perplexity",
        aggfunc=lambda values: spread(values, readable),
        dropna=False,
        sort=False,
    ).reindex(index=order["method"], columns=order["allocation"])
    dense = cells.loc[cells["method"] == DENSE, "perplexity"].item()
    first = pd.DataFrame(readable(dense), index=[DENSE], columns=table.columns)
    return markdown(pd.concat([first, table]))


def zero_shot_table(scores: pd.DataFrame, sparsity: float) -> str:
    """Cells as rows, tasks and their mean as columns, accuracy, the dense model first; markdown."""
    accuracy = scores[scores["number"] == "acc"]
    lines = {}
    chosen = accuracy[accuracy["sparsity"].isna() | (accuracy["sparsity"] == sparsity)]
    for key, cell in chosen.groupby(["method", "allocation"], dropna=False, sort=False):
        seeds = cell.pivot_table(index="seed", columns="task", values="value", dropna=False)
        seeds = seeds[list(dict.fromkeys(cell["task"]))]
        seeds["mean"] = seeds.mean(axis=1, skipna=False)
        lines[" ".join(str(part) for part in key if part == part)] = seeds.agg(
            spread, form="{:.4f}".format
        )
    return markdown(pd.DataFrame(lines).T)
