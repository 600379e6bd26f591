"""What a run survives: after each fault a plain rerun gives the same bytes and no stale cell."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from faults import results, survive
from project import Project, wait_for

pytestmark = pytest.mark.slow
CELL = "tiny/wanda/0.6/gt/seed-0"
WORK = (
    "results/pruned/tiny/wanda",
    "results/perplexity/tiny/wanda",
    "results/zero_shot/tiny/wanda",
)
LOST = "the next run makes it again"


@pytest.fixture
def halfway(project) -> Project:
    """The finished matrix with the cells of Wanda still to do."""
    for folder in WORK:
        shutil.rmtree(project.folder / folder)
    return project


@pytest.fixture
def mounted() -> Iterator:
    """Mounts a small file system at a folder; skips without the right to."""
    places: list[Path] = []

    def mount(place: Path, *options: str) -> None:
        command = ["mount", *options, str(place)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        except OSError as error:
            pytest.skip(f"cannot mount: {error}")
        if done.returncode:
            pytest.skip(f"cannot mount: {done.stderr.strip()}")
        places.append(place)

    yield mount
    for place in places:
        subprocess.run(["umount", str(place)], check=True)


def finishes_as(project: Project, finished: Project) -> None:
    project.run()
    assert results(project) == results(finished)
    assert project.planned() == {}


def told(project: Project, *arguments: str) -> list[str]:
    """The lines of a run that fails, without a traceback among them."""
    run = project.snakemake(*arguments)
    assert run.returncode != 0 and "Traceback" not in run.stdout, run.stdout
    return run.stdout.splitlines()


def test_killed_jobs_and_a_killed_snakemake(halfway, finished):
    killed = survive(halfway, kills=4, seed=0, seconds=3)
    assert killed[3] == "Snakemake" and all(name.endswith(".py") for name in killed[:3])
    assert results(halfway) == results(finished)


@pytest.mark.parametrize("size", [0, 100])
def test_a_truncated_artifact(project, finished, size):
    file = f"results/pruned/{CELL}.safetensors"
    os.truncate(project.folder / file, size)
    said = told(project)
    assert any(f"{file}: not a whole safetensors file" in line and LOST in line for line in said)
    finishes_as(project, finished)


def test_a_truncated_model(project, finished):
    """The results hold a hard link to the local model: it is cut too, until it is restored."""
    source, whole = project.folder / "tiny/model.safetensors", finished.folder / "tiny"
    linked = project.folder / "results/models/tiny/model.safetensors"
    os.truncate(linked, 1000)
    os.truncate(source, 1000)
    assert any("model.safetensors: not a whole safetensors file" in line for line in told(project))
    shutil.copy(whole / "model.safetensors", source)
    finishes_as(project, finished)


def test_a_full_disk(halfway, finished, mounted):
    place = halfway.folder / "results"
    with moved(place) as content:
        mounted(place, "-t", "tmpfs", "-o", "size=5m", "none")
        shutil.copytree(content, place, dirs_exist_ok=True)
    filler = place / "filler"
    with pytest.raises(OSError, match="No space left"):
        filler.write_bytes(bytes(6 << 20))
    end = told(halfway, "--keep-going")
    line = f"prune_cell {CELL}: [Errno 28] No space left on device"
    assert f"{line} (log: results/logs/prune_cell/{CELL}.log)" in end[-6:]
    filler.unlink()
    finishes_as(halfway, finished)


def test_a_read_only_results_folder(halfway, finished, mounted):
    place = halfway.folder / "results"
    mounted(place, "--bind", str(place))
    remount = ["mount", "-o", "remount,bind,{}", str(place)]
    subprocess.run([part.format("ro") for part in remount], check=True)
    before = results(halfway)
    assert any("Write-protected output files" in line for line in told(halfway))
    subprocess.run([part.format("rw") for part in remount], check=True)
    assert results(halfway) == before
    finishes_as(halfway, finished)


def test_two_snakemakes_at_once(halfway, finished):
    with halfway.started() as first:
        wait_for(halfway.folder / ".snakemake/locks/0.input.lock")
        said = told(halfway)
        assert any("Directory cannot be locked" in line for line in said), said
        assert first.wait() == 0
    finishes_as(halfway, finished)


@contextmanager
def moved(folder: Path) -> Iterator[Path]:
    """An empty folder in its place, its content beside it until the end."""
    aside = folder.with_name("aside")
    folder.rename(aside)
    folder.mkdir()
    yield aside
    shutil.rmtree(aside)
