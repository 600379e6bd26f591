"""What jobs have cost, as Snakemake's benchmark files and the logs beside them say."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from heavytail.running.store import RESTORED


@dataclass(frozen=True)
class Cost:
    """What a finished job has cost.

    Attributes:
        rule: its rule.
        job: its place below the rule's folder, such as standin/wanda/0.7/gt/seed-0; "" of a rule
            with one job.
        seconds: wall time.
        memory: the most that it held, in MB; None of jobs too short to be measured.
        restored: whether its outputs came from the store. Its seconds are then those of a copy.
    """

    rule: str
    job: str
    seconds: float
    memory: float | None
    restored: bool


def costs(benchmarks: Path, logs: Path, rule: str = "*") -> Iterator[Cost]:
    """The jobs of a rule, or of all rules.

    Args:
        benchmarks: a folder with `{rule}.tsv` or `{rule}/{job}.tsv`.
        logs: the folder that has `.log` for each `.tsv`.
        rule: its name.
    """
    for path in sorted([*benchmarks.glob(f"{rule}.tsv"), *benchmarks.glob(f"{rule}/**/*.tsv")]):
        name, *place = path.relative_to(benchmarks).with_suffix("").parts
        restored = _restored(logs / path.relative_to(benchmarks).with_suffix(".log"))
        with path.open(encoding="utf-8") as lines:
            for row in csv.DictReader(lines, delimiter="\t"):
                memory = None if row["max_rss"] == "NA" else float(row["max_rss"])
                yield Cost(name, "/".join(place), float(row["s"]), memory, restored)


def _restored(log: Path) -> bool:
    try:
        return RESTORED in log.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
