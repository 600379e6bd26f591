"""The state of the matrix, from a plan: the state of each cell, the remaining jobs, their time."""

import logging
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import pandas as pd

from heavytail.cells import DENSE
from heavytail.tables.markdown import markdown

STATES = ("done", "stale", "missing", "running")
# Snakemake's log event for a job that it would start, and its reason for a forced job.
PLANNED, FORCED = "job_info", "Forced execution"
RECORD = re.compile(r"/(?:perplexity|zero_shot)/(?P<model>[^/]+)/(?P<cell>.+)\.json$")
AXES = ("method", "sparsity", "allocation", "seed")


@dataclass(frozen=True)
class Job:
    """A job of a plan; a forced job is in the plan only because it was forced."""

    rule: str
    inputs: list[str]
    outputs: list[str]
    forced: bool
    logs: tuple[str, ...] = ()


class Plan(logging.Handler):
    """Listens to the log events of a dry run.

    Attributes:
        jobs: the jobs of the plan, in its order.
    """

    def __init__(self) -> None:
        """Start without jobs."""
        super().__init__()
        self.jobs: list[Job] = []

    def emit(self, record: Any) -> None:
        """Keep the job that a record names; ignore every other record."""
        if getattr(record, "event", None) == PLANNED:
            forced, logs = record.reason == FORCED, tuple(record.log or ())
            self.jobs.append(Job(record.rule_name, record.input, record.output, forced, logs))


def cell_of(path: str) -> str:
    """{model}/{cell} of a file, whichever stage made the file."""
    return re.sub(r"^[^/]+/[^/]+/|\.\w+$", "", path)


def cell_states(
    jobs: list[Job], running: Collection[str], exists: Callable[[str], bool]
) -> pd.DataFrame:
    """One row per dense model and cell: model, cell and its state, one of `STATES`.

    Args:
        jobs: those of a plan. The last one is the target, which names every record as its input.
        running: the files that jobs are making now.
        exists: says whether a file exists.
    """
    records = [path for job in jobs[-1:] for path in job.inputs if RECORD.search(path)]
    pending = {path for job in jobs if not job.forced for path in job.outputs}
    busy = set(map(cell_of, running))
    rows = []
    for name, group in groupby(sorted(records, key=cell_of), cell_of):
        paths = list(group)
        state = "stale" if pending.intersection(paths) else "done"
        if not all(map(exists, paths)):
            state = "missing"
        model, _, cell = name.partition("/")
        state = "running" if name in busy else state
        rows.append({"model": model, "cell": cell, "state": state})
    table = pd.DataFrame(rows, columns=["model", "cell", "state"])
    order = {cell_of(path): number for number, path in reversed(list(enumerate(records)))}
    return table.sort_values(
        by="cell", key=lambda _: (table["model"] + "/" + table["cell"]).map(order)
    )


def matrix(cells: pd.DataFrame) -> str:
    """Markdown with a table per model: allocations as rows, methods as columns.

    Args:
        cells: the table that `cell_states` returns.
    """
    parts = []
    for model, rows in cells.groupby("model", sort=False):
        dense = rows.loc[rows["cell"] == DENSE, "state"]
        pruned = rows[rows["cell"] != DENSE]
        axes = pruned["cell"].str.split("/", expand=True).set_axis(AXES, axis=1)
        table = pruned.join(axes).pivot_table(
            index=list(AXES[1:]), columns="method", values="state", aggfunc="first", sort=False
        )
        table = table.fillna("").reset_index().set_index("allocation")
        parts += [f"# {model} (dense: {''.join(dense)})", markdown(table)]
    counts = cells["state"].value_counts()
    states = ", ".join(f"{counts.get(state, 0)} {state}" for state in STATES)
    return "\n\n".join([*parts, f"{len(cells)} cells, with the dense models: {states}."])


def seconds_left(rule: str, seconds: Callable[[str], list[float]]) -> float:
    """The mean wall time of a rule's finished jobs; nan where none was measured."""
    return float(pd.Series(seconds(rule), dtype=float).mean())


def remaining(jobs: list[Job], seconds: Callable[[str], list[float]]) -> str:
    """Markdown with the remaining jobs per rule, the mean time of finished ones, and an estimate.

    Args:
        jobs: those of the plan.
        seconds: rule → the wall times of its finished jobs that were measured.
    """
    left = pd.Series(
        [job.rule for job in jobs if job.outputs and not job.forced], dtype=str
    ).value_counts(sort=False)
    if left.empty:
        return "Nothing is left to do."
    table = pd.DataFrame({"jobs left": left})
    table["seconds, mean"] = [seconds_left(str(rule), seconds) for rule in left.index]
    table["seconds left"] = table["jobs left"] * table["seconds, mean"]
    unknown = left[table["seconds, mean"].isna()].sum()
    estimate = f"{left.sum()} jobs left: {table['seconds left'].sum():.0f} s one after another"
    if unknown:
        estimate += f", and {unknown} jobs of rules without a measured time"
    text = table.astype({"jobs left": str})
    numbers = list(text.columns[1:])
    text[numbers] = text[numbers].map("{:.1f}".format).replace("nan", "")
    return f"{markdown(text.rename_axis('rule'))}\n\n{estimate}."
