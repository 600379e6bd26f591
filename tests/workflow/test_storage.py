"""The matrix through a storage provider: jobs have the files that they name, and no others."""

import shutil
from pathlib import Path

import pytest

from support.project import Project
from support.storage import tables

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not shutil.which("rsync"), reason="the plugin fs copies with rsync"),
]


def through(store: Path) -> tuple[str, ...]:
    """Arguments of Snakemake, with which no folder is shared but this store."""
    return (
        *("--default-storage-provider", "fs", "--default-storage-prefix", str(store)),
        *("--shared-fs-usage", "none"),
    )


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
    # The weights stay, and links to them: their size says what jobs need.
    assert left(fresh) == {"logs", "benchmarks", "weights", "models"}
