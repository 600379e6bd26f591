"""What a run is at, again and again: cells, jobs at work with their counters, failures."""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

import pandas as pd
from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from heavytail.running.failures import job_name
from heavytail.tables.status import STATES, Job, cell_states, seconds_left

# How a long loop counts in the log of its job, and how a failed job's log ends.
COUNTER = re.compile(r"[^\W\d][\w ]* \d+ of \d+")
FAILURE = re.compile(r"^\w+ \S*: .*\(log: .+\)$")
FAILURES = 5


@dataclass(frozen=True)
class Snapshot:
    """A run at one moment.

    Attributes:
        cells: of each of `STATES` how many.
        working: name of a job at work → its last counter, "" before the first.
        left: jobs that are not done, those at work among them.
        seconds: of them one after another, as far as their rules were measured.
        failures: the last lines of failed jobs' logs.
    """

    cells: Mapping[str, int]
    working: Mapping[str, str]
    left: int
    seconds: float
    failures: tuple[str, ...]


def unfinished(
    jobs: list[Job], before: Mapping[str, float | None], now: Callable[[str], float | None]
) -> list[Job]:
    """The jobs of a plan without those that have made their outputs since; the target stays.

    Args:
        jobs: of the plan.
        before: path → when it was last changed as the plan was made, None if there was none.
        now: the same of this moment.
    """

    def made(job: Job) -> bool:
        if job.forced or not job.outputs:
            return False
        return all(now(path) not in (None, before.get(path)) for path in job.outputs)

    return [job for job in jobs if not made(job)]


def snapshot(
    jobs: list[Job],
    running: Collection[str],
    modified: Callable[[str], float | None],
    read: Callable[[str], str],
    seconds: Callable[[str], list[float]],
    recent: list[str],
) -> Snapshot:
    """A run at this moment.

    Args:
        jobs: those of `unfinished`.
        running: the files that jobs are making now.
        modified: path → when it was last changed, None if there is none.
        read: path of a log → its text, "" if there is none.
        seconds: rule → wall times of its finished jobs.
        recent: paths of the run's logs, the newest last.
    """
    states = cell_states(jobs, running, lambda path: modified(path) is not None)["state"]
    busy = set(running)
    working = {}
    for job in jobs:
        if job.logs and not job.forced and busy.intersection(job.outputs):
            counters = COUNTER.findall(read(job.logs[0]))
            working[job_name(job.logs[0])] = counters[-1] if counters else ""
    left = [job for job in jobs if job.outputs and not job.forced]
    ends = (read(path).rstrip().rpartition("\n")[2] for path in recent)
    failed = [line for line in ends if FAILURE.match(line)]
    return Snapshot(
        {state: int((states == state).sum()) for state in STATES},
        working,
        len(left),
        float(pd.Series([seconds_left(job.rule, seconds) for job in left], dtype=float).sum()),
        tuple(failed[-FAILURES:]),
    )


def told(found: Snapshot) -> str:
    """A snapshot as lines of text, for where there is no terminal."""
    counts = ", ".join(f"{number} {state}" for state, number in found.cells.items())
    lines = [f"cells: {counts}; {found.left} jobs left, {found.seconds:.0f} s one after another"]
    lines += [f"  at work: {name} {counter}".rstrip() for name, counter in found.working.items()]
    return "\n".join([*lines, *(f"  failed: {line}" for line in found.failures)])


def shown(found: Snapshot) -> RenderableType:
    """A snapshot as a table for a terminal. Texts of jobs are never markup."""
    total = sum(found.cells.values())
    table = Table(box=None, pad_edge=False)
    table.add_column("at work")
    table.add_column("counter", justify="right")
    for name, counter in found.working.items():
        table.add_row(Text(name), Text(counter))
    head = Text(", ".join(f"{number} {state}" for state, number in found.cells.items()))
    tail = Text(f"{found.left} jobs left: {found.seconds:.0f} s one after another")
    failures = [Text(line, style="red") for line in found.failures]
    # A bar alone ends no line.
    bar = Table.grid()
    bar.add_row(ProgressBar(total=max(total, 1), completed=found.cells["done"], width=60))
    return Group(head, bar, table, tail, *failures)
