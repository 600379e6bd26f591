"""The CSV files of all records: one with a row per cell, one with a row per cell, task, number."""

from collections.abc import Mapping, Sequence
from io import StringIO
from types import MappingProxyType
from typing import Any, NotRequired, TypedDict

import pandas as pd

from heavytail.cells import DENSE
from heavytail.config.entries import Blend
from heavytail.io.files import replacing

# The settings of a row beside the axes of its cell; they are the same for all seeds.
SETTINGS = [
    *("within_block", "allocator", "metric", "grouping", "mapping", "epsilon", "segments", "blend"),
    *("bounds", "outlier", "statistic", "parts"),
]
COLUMNS = [
    *("model", "method", "within_block", "allocation", *SETTINGS[1:]),
    *("sparsity", "seed", "realised_sparsity", "perplexity", "zero_shot_mean"),
    *("seconds", "peak_memory_mb", "artifact"),
]
# What a number of a task is in tables.
STANDING = ("counts", "higher", "weight", "shots")
# Columns of text: a name may look like a number, and an epsilon may be text.
TEXT = (
    *("model", "method", "allocation", "allocator", "metric", "grouping", "mapping", "epsilon"),
    *(
        "segments",
        "blend",
        "bounds",
        "outlier",
        "statistic",
        "parts",
        "sparsity",
        "bos",
        "task",
        "quantity",
        "baseline",
        "against",
    ),
)


class Row(TypedDict):
    """What the config says of a row of the matrix; all but model and cell are None in a dense one.

    Attributes:
        cell: below its model's folder, or "dense".
        artifact: path of the pruned weights.
        tuned: path of what trials chose of the allocation.
    """

    model: str
    cell: str
    method: str | None
    sparsity: float | str | None
    allocation: str | None
    seed: int | None
    artifact: str | None
    tuned: NotRequired[str]
    within_block: NotRequired[str | None]
    allocator: NotRequired[str]
    metric: NotRequired[str]
    family: NotRequired[str]
    direction: NotRequired[int]
    grouping: NotRequired[str | None]
    projections: NotRequired[list[str]]
    mapping: NotRequired[str]
    epsilon: NotRequired[float | str]
    segments: NotRequired[str]
    blend: NotRequired[Blend]
    bounds: NotRequired[list[float]]
    outlier: NotRequired[int]
    statistic: NotRequired[str]
    parts: NotRequired[str]


def cell_rows(
    rows: list[Row],
    perplexity: list[dict[str, Any]],
    zero_shot: list[dict[str, Any]],
    pruned: dict[str, dict[str, Any]],
    others: Mapping[str, Sequence[float | None]] = MappingProxyType({}),
) -> pd.DataFrame:
    """One row per cell and one dense row per model, with the columns of the file contract.

    Args:
        rows: the settings of each row, from the config; `method` is None in a dense row.
        perplexity: the record of each row.
        zero_shot: the record of each row; empty if there are no tasks.
        pruned: path of an artifact → record of the pruning.
        others: column of another protocol → the perplexity of each row by it. These columns stand
            behind `perplexity`.
    """
    table = []
    for number, row in enumerate(rows):
        own = pruned.get(row["artifact"] or "", {"realised_sparsity": 0.0})
        scores = zero_shot[number] if zero_shot else {"mean": None}
        numbers = {"perplexity": perplexity[number]["perplexity"], "zero_shot_mean": scores["mean"]}
        blend = " ".join(f"{key}={value}" for key, value in (row.get("blend") or {}).items())
        more = {"method": row["method"] or DENSE, "blend": blend or None}
        more["bounds"] = " to ".join(map(str, row.get("bounds", []))) or None
        table.append({**row, **own, **numbers, **more})
    found = pd.DataFrame(table).reindex(columns=COLUMNS).astype({"seed": "Int64"})
    place = COLUMNS.index("perplexity") + 1
    for number, (column, values) in enumerate(others.items()):
        found.insert(place + number, column, pd.Series(values, dtype=float))
    return found


def zero_shot_rows(
    rows: Sequence[Mapping[str, object]], zero_shot: list[dict[str, Any]]
) -> pd.DataFrame:
    """Tidy numbers of tasks and groups: one row per cell, task and number, with its BOS policy.

    `counts` says whether the number is the one that stands in tables, `higher` whether more of it
    is better, nan if that is unknown; `weight` is its weight in the mean, and `shots` how many
    examples stand before a question.
    """
    keys = ("model", "method", "allocation", "sparsity", "seed")
    table = [
        {key: row[key] for key in keys}
        | {"method": row["method"] or DENSE, "bos": record["bos"]}
        | {"task": task, "number": number, "value": value}
        | _standing(record["scores"].get(task, {}), number)
        for row, record in zip(rows, zero_shot, strict=False)
        for task, numbers in record["tasks"].items()
        for number, value in numbers.items()
    ]
    return pd.DataFrame(table, columns=[*keys, "bos", "task", "number", "value", *STANDING])


def _standing(score: Mapping[str, Any], number: str) -> dict[str, object]:
    """What a number of a task is in tables."""
    counts = score.get("number") == number
    own = (counts, score.get("higher"), score["weight"] if counts else 0.0, score.get("shots"))
    return dict(zip(STANDING, own, strict=True))


def read_csv(path: str | StringIO) -> pd.DataFrame:
    """Read a table that `write_csv` wrote: names are text, and only `nan` and "" are missing."""
    return pd.read_csv(
        path, dtype=dict.fromkeys(TEXT, str), na_values=["nan", ""], keep_default_na=False
    )


def typed(table: pd.DataFrame) -> pd.DataFrame:
    """A table of ours as `read_csv` reads it after it was written."""
    return read_csv(StringIO(table.to_csv(index=False, na_rep="nan")))


def write_csv(path: str, table: pd.DataFrame) -> None:
    """Write a table as CSV, completely or not at all."""
    with replacing(path) as temporary:
        table.to_csv(temporary, index=False, na_rep="nan", lineterminator="\n")
