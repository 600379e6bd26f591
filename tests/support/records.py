"""Small matrices of made-up records, as the rules read them from files."""

import io
import itertools
from collections.abc import Iterable

import pandas as pd

from heavytail.tables.cells import cell_rows, read_csv, zero_shot_rows

SPECTRAL = {"allocator": "spectral", "metric": "alpha_peak", "grouping": "gt", "epsilon": 0.2}
UNIFORM = {"allocator": "uniform"}


def dense(model: str = "m") -> dict:
    keys = ("method", "allocation", "sparsity", "seed", "artifact")
    return {"model": model, **dict.fromkeys(keys)}


def cell(method: str, allocation: str, seed: int = 0, model: str = "m", **settings) -> dict:
    own = UNIFORM if allocation == "uniform" else SPECTRAL | {"grouping": allocation}
    about = {"model": model, "method": method, "allocation": allocation, "sparsity": 0.7}
    artifact = "-".join(map(str, (model, method, allocation, seed)))
    return about | {"seed": seed, "artifact": artifact} | own | settings


def scored(tasks: Iterable[str], **about: object) -> dict[str, dict]:
    """What a record says of tasks of which acc counts, all with the same weight in the mean."""
    names = list(tasks)
    own = {"number": "acc", "higher": True, "shots": 0, "weight": 1 / len(names)}
    return {name: own | about for name in names}


def written(table: pd.DataFrame) -> pd.DataFrame:
    """A table as it is read from the CSV file that it was written to."""
    return read_csv(io.StringIO(table.to_csv(index=False, na_rep="nan")))


def tables(
    rows: list[dict],
    perplexity: Iterable[float | None],
    accuracies: Iterable[tuple] = (),
    bos: str = "none",
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The table of cells and that of zero-shot numbers.

    Args:
        rows: of `dense` and `cell`.
        perplexity: of each row.
        accuracies: of each row those of the tasks a, b, ..., errors 0.03; none: no tasks.
        bos: their BOS policy.
    """
    records = [
        {
            "tasks": {
                task: {"acc": own, "acc_stderr": 0.03}
                for task, own in zip("abcdefg", accuracy, strict=False)
            },
            "scores": scored("abcdefg"[: len(accuracy)]),
            "mean": None if None in accuracy else sum(accuracy) / len(accuracy),
            "bos": bos,
        }
        for accuracy in accuracies
    ]
    pruned = {row["artifact"]: {"realised_sparsity": 0.699} for row in rows if row["artifact"]}
    cells = cell_rows(rows, [{"perplexity": p} for p in perplexity], records, pruned)
    return written(cells), written(zero_shot_rows(rows, records))


def of_markdown(table: str) -> list[list[str]]:
    """The cells of a markdown table, its head first."""
    lines = [line for line in table.splitlines() if not set(line) <= set("|:-")]
    return [[part.strip() for part in line.strip("|").split("|")] for line in lines]


def every(methods: Iterable[str], allocations: Iterable[str], seeds: Iterable[int] = (0,)):
    """A dense model and its cells."""
    return [dense(), *(cell(*key) for key in itertools.product(methods, allocations, seeds))]
