"""What each line of rules/planning.smk saves of a plan of 2,000 cells; prints README.md's table.

./run python benchmarks/planning.py [rounds]        # 5 by default
"""

import re
import resource
import sys
import tempfile
from pathlib import Path
from statistics import median

from scale import ours, snakemake

CELLS, ROUNDS = 2000, 5
RULES = Path("rules/planning.smk")
LINE = re.compile(r"^(?:gc|planning)\..*$", re.MULTILINE)


def seconds(folder: Path, rules: str) -> float:
    """CPU time of a plan with these rules, without what the system took."""
    (folder / RULES).write_text(rules)
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    snakemake(folder, "--dry-run")
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before


def pairs(folder: Path, rules: str, without: str, rounds: int) -> list[tuple[float, float]]:
    """Seconds with all lines and without one, by turns: both have the same neighbours."""
    found = []
    for turn in range(rounds):
        order = (rules, without) if turn % 2 else (without, rules)
        took = {text: seconds(folder, text) for text in order}
        found.append((took[rules], took[without]))
    return found


def main(rounds: int) -> None:
    """Measure every line, then all of them together, and print the table."""
    print("| without | all lines, s | without it, s | saved, median | least | most |")
    print("|:--|--:|--:|--:|--:|--:|")
    with tempfile.TemporaryDirectory() as parent:
        folder = Path(parent) / "ours"
        ours(folder, CELLS)
        rules = (folder / RULES).read_text()
        for line in [*LINE.findall(rules), None]:
            without = rules.replace(line, "") if line else LINE.sub("", rules)
            found = pairs(folder, rules, without, rounds)
            times = [f"{median(column):.1f}" for column in zip(*found, strict=True)]
            saved = [1 - fast / slow for fast, slow in found]
            shares = [f"{share:.1%}" for share in (median(saved), min(saved), max(saved))]
            row = [f"`{line}`" if line else "all", *times, *shares]
            print(f"| {' | '.join(row)} |", flush=True)


if __name__ == "__main__":
    main(*[int(rounds) for rounds in sys.argv[1:2]] or [ROUNDS])
