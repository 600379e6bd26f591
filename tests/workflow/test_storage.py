"""The matrix through a storage provider: jobs have the files that they name, and no others."""

import csv
import shutil
from pathlib import Path

import pytest

from support.project import Project

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not shutil.which("rsync"), reason="the plugin fs copies with rsync"),
]
# What jobs cost is measured again in every run.
MEASURED = ("seconds", "peak_memory_mb")


def through(store: Path) -> tuple[str, ...]:
    """Arguments of Snakemake, with which no folder is shared but this store."""
    return (
        *("--default-storage-provider", "fs", "--default-storage-prefix", str(store)),
        *("--shared-fs-usage", "none"),
    )


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


def left(project: Project) -> set[str]:
    """The folders with files that are left of the stored ones on the machine of the run."""
    (results,) = (project.folder / ".snakemake/storage").rglob("results")
    files = [path for path in results.rglob("*") if path.is_file()]
    return {path.relative_to(results).parts[0] for path in files}


def test_without_a_shared_disk_the_tables_are_the_same(finished, fresh, tmp_path):
    store = tmp_path / "store"
    run = fresh.snakemake(*through(store))
    assert run.returncode == 0, run.stdout
    assert tables(store) == tables(finished.folder)
    assert not (fresh.folder / "results/tables").exists()
    again = fresh.snakemake("--dry-run", *through(store))
    assert "Nothing to be done" in again.stdout, again.stdout
    assert left(fresh) <= {"logs", "benchmarks"}
