"""Print the matrix as done, stale, missing and running cells, and what is left to do.

Arguments are those of Snakemake: ./run status --configfile my.yaml
"""

import csv
import subprocess
import sys
from base64 import urlsafe_b64decode
from pathlib import Path

from heavytail.tables import status

STATE = Path(".snakemake")
BENCHMARKS = Path("results/benchmarks")


def plan(arguments: list[str]) -> str:
    """What Snakemake would do, its target forced so that it is listed with every record.

    Ends the program with Snakemake's own words where it refuses.
    """
    command = [sys.executable, "-m", "snakemake", "--dry-run", "--force", *arguments]
    planned = subprocess.run(command, capture_output=True, text=True, check=False)
    if planned.returncode:
        sys.exit(f"{planned.stdout}{planned.stderr}".rstrip())
    return planned.stdout


def running() -> list[str]:
    """The files that jobs are making, as Snakemake marks them; none unless its locks are there."""
    if not any((STATE / "locks").glob("*")):
        return []
    marks = [mark for mark in (STATE / "incomplete").rglob("*") if mark.is_file()]
    # Long names are cut into folders that begin with an @.
    names = ["".join(mark.relative_to(STATE / "incomplete").parts) for mark in marks]
    return [urlsafe_b64decode(name.replace("@", "")).decode() for name in names]


def seconds(rule: str) -> list[float]:
    """Wall times of a rule's finished jobs, in seconds."""
    files = [*BENCHMARKS.glob(f"{rule}.tsv"), *BENCHMARKS.glob(f"{rule}/**/*.tsv")]
    rows = [line for path in files for line in csv.DictReader(path.open(), delimiter="\t")]
    return [float(row["s"]) for row in rows]


if __name__ == "__main__":
    jobs = status.jobs_of(plan(sys.argv[1:]))
    if not jobs:
        sys.exit("status: found no plan in what Snakemake says, expected one: without --quiet")
    if jobs[-1].rule != "all":
        sys.exit(f"status: found the target {jobs[-1].rule}, expected all, alone or last")
    cells = status.cell_states(jobs, running(), lambda path: Path(path).exists())
    print(status.matrix(cells), status.remaining(jobs, seconds), sep="\n\n")
    if "running" in set(cells["state"]):
        print("\nIf nothing runs, a run was killed: ./run snakemake --unlock, then run again.")
