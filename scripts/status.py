"""Print which cells of the matrix are done, stale, missing or running, and what is left to do.

It takes the arguments of Snakemake: ./run status --configfile my.yaml
"""

import csv
import io
import logging
import sys
from base64 import urlsafe_b64decode
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

from snakemake.cli import main

from heavytail.tables import status

LOCKS, MARKS = Path(".snakemake/locks"), Path(".snakemake/incomplete")
BENCHMARKS = Path("results/benchmarks")


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
    """The wall times of a rule's finished jobs, in seconds."""
    files = [*BENCHMARKS.glob(f"{rule}.tsv"), *BENCHMARKS.glob(f"{rule}/**/*.tsv")]
    rows = [line for path in files for line in csv.DictReader(path.open(), delimiter="\t")]
    return [float(row["s"]) for row in rows]


if __name__ == "__main__":
    jobs = plan(sys.argv[1:])
    if not jobs:
        sys.exit(
            "status: found no plan in Snakemake's output, expected one: run it without --quiet"
        )
    if jobs[-1].rule != "all":
        sys.exit(f"status: found the target {jobs[-1].rule}, expected all, alone or as the last")
    cells = status.cell_states(jobs, running(), lambda path: Path(path).exists())
    print(status.matrix(cells), status.remaining(jobs, seconds), sep="\n\n")
    if "running" in set(cells["state"]):
        print("\nIf nothing runs, a run was killed: ./run snakemake --unlock, then run again.")
