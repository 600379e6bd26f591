"""Tables of a run through a storage provider, as far as they are those of any other run."""

import csv
import json
from pathlib import Path

# What jobs cost is measured again in every run.
MEASURED = ("seconds", "peak_memory_mb")


def record(path: Path) -> dict[str, object]:
    """A record without what its job cost."""
    found = json.loads(path.read_text())
    return {name: value for name, value in found.items() if name not in MEASURED}


def tables(folder: Path) -> dict[str, object]:
    """The bytes of every table; of the cells all columns but those of their costs."""
    found: dict[str, object] = {}
    for path in (folder / "results/tables").iterdir():
        found[path.name] = path.read_bytes()
    with open(folder / "results/tables/cells.csv", newline="", encoding="utf-8") as rows:
        found["cells.csv"] = [
            {name: value for name, value in row.items() if name not in MEASURED}
            for row in csv.DictReader(rows)
        ]
    return found
