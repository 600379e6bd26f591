"""The workflow in a folder of its own, before and after its first run."""

import fcntl
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from support.project import Project, copy_workflow


@pytest.fixture(scope="session")
def shared(tmp_path_factory) -> Callable[[str, Callable[[Path], object]], Project]:
    """`shared(name, make)`: a project that one of the workers makes, and none is to change."""
    base = tmp_path_factory.getbasetemp()
    # That of a worker lies in that of the run.
    base = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def made(name: str, make: Callable[[Path], object]) -> Project:
        folder, whole = base / name, base / f"{name}.whole"
        with open(base / f"{name}.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not whole.exists():
                shutil.rmtree(folder, ignore_errors=True)
                make(folder)
                whole.touch()
        return Project(folder)

    return made


def run_small_matrix(folder: Path) -> Project:
    project = copy_workflow(folder)
    project.run()
    return project


@pytest.fixture(scope="session")
def finished(shared) -> Project:
    """The small matrix, run to its end; to be read, and copied while nothing runs in it."""
    return shared("finished", run_small_matrix)


@pytest.fixture
def project(finished, tmp_path) -> Project:
    """A copy of the finished matrix."""
    return finished.copied(tmp_path / "project")


@pytest.fixture
def fresh(tmp_path) -> Project:
    """The workflow before its first run."""
    return copy_workflow(tmp_path / "project")
