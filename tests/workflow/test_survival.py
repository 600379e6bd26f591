"""What a run survives: after each fault a plain rerun gives the same bytes and no stale cell."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.faults import results, survive
from support.project import Project, wait_for

pytestmark = pytest.mark.slow
CELL = "tiny/wanda/0.6/gt/seed-0"
AGAIN = "the next run makes it again"


def undone(project: Project, subject: str) -> Project:
    """The project with the cells of a subject still to do, and nothing in the store of them."""
    shutil.rmtree(project.folder / "results/store")
    for stage in ("pruned", "perplexity", "zero_shot"):
        shutil.rmtree(project.folder / "results" / stage / subject)
    return project


@pytest.fixture
def unfinished(project) -> Project:
    """The finished matrix with one cell still to do."""
    return undone(project, "tiny/wanda/0.6/gt")


def finishes_as(project: Project, finished: Project) -> None:
    project.run()
    assert results(project) == results(finished)
    assert project.planned() == {}


def told(project: Project, *arguments: str) -> list[str]:
    """The lines of a run that fails, without a traceback among them."""
    run = project.snakemake(*arguments)
    assert run.returncode != 0 and "Traceback" not in run.stdout, run.stdout
    return run.stdout.splitlines()


def test_killed_jobs_and_a_killed_snakemake(project, finished):
    halfway = undone(project, "tiny/wanda")
    killed = survive(halfway, kills=4, seed=0, seconds=2)
    assert killed[3] == "Snakemake" and all(name.endswith(".py") for name in killed[:3])
    assert results(halfway) == results(finished)


def test_a_truncated_artifact(project, finished):
    file = f"results/pruned/{CELL}.safetensors"
    os.truncate(project.folder / file, 100)
    (project.folder / f"results/perplexity/{CELL}.json").unlink()
    shutil.rmtree(project.folder / "results/store")
    said = told(project)
    assert any(f"{file}: not a whole safetensors file" in line and AGAIN in line for line in said)
    finishes_as(project, finished)


def test_a_truncated_model(project, finished):
    """As a crash may leave a download: the local folder that was linked is whole."""
    record = "results/perplexity/tiny/magnitude/0.6/uniform/seed-0.json"
    file = "results/models/tiny/model.safetensors"
    weights = (project.folder / file).read_bytes()
    for lost in (file, record):
        (project.folder / lost).unlink()
    (project.folder / file).write_bytes(weights[:1000])
    said = told(project, "--", record)
    assert any(f"{file}: not a whole safetensors file" in line and AGAIN in line for line in said)
    project.run(record)
    assert results(project) == results(finished)


def test_a_full_disk_and_a_read_only_one(unfinished, finished, mounted):
    place = unfinished.folder / "results"
    with moved(place) as content:
        mounted(place, "-t", "tmpfs", "-o", "size=5m", "none")
        shutil.copytree(content, place, dirs_exist_ok=True)
    filler = place / "filler"
    with pytest.raises(OSError, match="No space left"):
        filler.write_bytes(bytes(6 << 20))
    end = told(unfinished)
    line = f"prune_cell {CELL}: [Errno 28] No space left on device"
    assert any(line in text for text in end)
    # Where the disk takes no log either, that is the reason.
    reasons = (line, f"prune_cell {CELL}: ended without a reason, as on a full disk: ")
    assert any(text.startswith(reasons) for text in end[-6:]), end[-6:]
    filler.unlink()
    mounted(place, "-o", "remount,ro")
    assert any("Write-protected output files" in line for line in told(unfinished))
    mounted(place, "-o", "remount,rw")
    finishes_as(unfinished, finished)


def test_two_snakemakes_at_once(unfinished, finished):
    with unfinished.started() as first:
        wait_for(unfinished.folder / ".snakemake/locks/0.input.lock")
        said = told(unfinished)
        assert any("Directory cannot be locked" in line for line in said), said
        assert first.wait() == 0
    assert results(unfinished) == results(finished)
    assert unfinished.planned() == {}


@contextmanager
def moved(folder: Path) -> Iterator[Path]:
    """An empty folder in its place, its content beside it until the end."""
    aside = folder.with_name("aside")
    folder.rename(aside)
    folder.mkdir()
    yield aside
    shutil.rmtree(aside)
