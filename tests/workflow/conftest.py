"""The workflow in a folder of its own, before and after its first run."""

import shutil

import pytest

from project import Project, copy_workflow


@pytest.fixture(scope="session")
def finished(tmp_path_factory) -> Project:
    """The small matrix, run to its end; not to be changed."""
    project = copy_workflow(tmp_path_factory.mktemp("finished") / "project")
    project.run()
    return project


@pytest.fixture
def project(finished, tmp_path) -> Project:
    """A copy of the finished matrix, times and records included."""
    shutil.copytree(finished.folder, tmp_path / "project", symlinks=True)
    return Project(tmp_path / "project")


@pytest.fixture
def fresh(tmp_path) -> Project:
    """The workflow before its first run."""
    return copy_workflow(tmp_path / "project")
