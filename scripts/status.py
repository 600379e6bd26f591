"""Print which cells of the matrix are done, stale, missing or running, and what is left to do.

It takes the arguments of Snakemake: ./run status --configfile my.yaml
With --watch it goes on for as long as a run does: what is at work, how far it is, what failed.
"""

import io
import logging
import sys
import time
from base64 import urlsafe_b64decode
from contextlib import redirect_stderr, redirect_stdout, suppress
from functools import cache
from pathlib import Path

from rich.console import Console
from rich.live import Live
from snakemake.cli import main

from heavytail.tables import status, watching
from heavytail.tables.costs import costs

LOCKS, MARKS = Path(".snakemake/locks"), Path(".snakemake/incomplete")
BENCHMARKS, LOGS = Path("results/benchmarks"), Path("results/logs")
WATCH, PAUSE = "--watch", 2.0


def plan(arguments: list[str]) -> list[status.Job]:
    """The jobs that Snakemake would start, and the target, forced so that it names every record.

    If Snakemake refuses, the program ends with Snakemake's words.
    """
    planned, said = status.Plan(), io.StringIO()
    # Snakemake removes the handlers of its own logger when it starts.
    logging.getLogger("snakemake").addHandler(planned)
    try:
        with redirect_stdout(said), redirect_stderr(said):
            main(["--dry-run", "--force", *arguments])
    except SystemExit as end:
        if end.code:
            sys.exit(f"{said.getvalue()}{'' if isinstance(end.code, int) else end.code}".rstrip())
    return planned.jobs


def running() -> list[str]:
    """The files that jobs are making now, by Snakemake's marks; none if its locks are absent."""
    if not any(LOCKS.glob("*")):
        return []
    marks = [mark for mark in MARKS.rglob("*") if mark.is_file()]
    # A long name is split into folders that begin with an @.
    names = ["".join(mark.relative_to(MARKS).parts) for mark in marks]
    return [urlsafe_b64decode(name.replace("@", "")).decode() for name in names]


def seconds(rule: str) -> list[float]:
    """The wall times of a rule's finished jobs, in seconds, without those of restored results."""
    return [cost.seconds for cost in costs(BENCHMARKS, LOGS, rule) if not cost.restored]


def modified(path: str) -> float | None:
    """When a file was last changed; None if there is none."""
    with suppress(OSError):
        return Path(path).stat().st_mtime
    return None


def text_of(path: str) -> str:
    """The text of a log, empty if there is none."""
    with suppress(OSError):
        return Path(path).read_text(encoding="utf-8", errors="replace")
    return ""


def recent_logs(since: float) -> list[str]:
    """The logs that jobs have written since then, the newest last."""
    found = {str(path): modified(str(path)) or 0.0 for path in LOGS.rglob("*.log")}
    return sorted((path for path in found if found[path] >= since), key=found.__getitem__)


def watch(jobs: list[status.Job]) -> None:
    """Show a run for as long as it goes on; at least once."""
    before = {path: modified(path) for job in jobs for path in job.outputs}
    since = min((modified(str(lock)) or 0.0 for lock in LOCKS.glob("*")), default=time.time())
    console, said = Console(), ""
    # A rule's times change too little while a run goes on to read thousands of files each time.
    measured = cache(seconds)
    with Live(console=console, auto_refresh=False) as live:
        while True:
            going_on = any(LOCKS.glob("*"))
            found = watching.snapshot(
                watching.unfinished(jobs, before, modified),
                running(),
                modified,
                text_of,
                measured,
                recent_logs(since),
            )
            if console.is_terminal:
                live.update(watching.shown(found), refresh=True)
            elif (line := watching.told(found)) != said:
                said = line
                print(line, flush=True)
            if not going_on:
                break
            time.sleep(PAUSE)
    print("No run is under way.")


if __name__ == "__main__":
    arguments = [argument for argument in sys.argv[1:] if argument != WATCH]
    jobs = plan(arguments)
    if not jobs:
        sys.exit(
            "status: found no plan in Snakemake's output, expected one: run it without --quiet"
        )
    if jobs[-1].rule != "all":
        sys.exit(f"status: found the target {jobs[-1].rule}, expected all, alone or as the last")
    if WATCH in sys.argv:
        with suppress(KeyboardInterrupt):
            watch(jobs)
        sys.exit()
    cells = status.cell_states(jobs, running(), lambda path: Path(path).exists())
    print(status.matrix(cells), status.remaining(jobs, seconds), sep="\n\n")
    if "running" in set(cells["state"]):
        print("\nIf nothing runs, a run was killed: ./run snakemake --unlock, then run again.")
