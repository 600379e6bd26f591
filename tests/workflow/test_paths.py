"""Paths as people have them, and code that lies where Python would look for it."""

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from heavytail.io.files import read_json
from support.project import ROOT, Project, copy_workflow

pytestmark = pytest.mark.slow
ODD = "[1] {x} 'q' é"
RECORD = "results/zero_shot/tiny/magnitude/0.6/given/seed-0.json"
FOREIGN = "raise SystemExit('code of another project')\n"


def environment(folder: Path) -> Path:
    """The interpreter of an environment in a folder, with the packages of this one."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    packages = next(folder.glob("lib/python3.*/site-packages"))
    (packages / "others.pth").write_text(sysconfig.get_path("purelib"))
    return folder / "bin/python"


def test_everything_may_have_any_path(tmp_path):
    project = copy_workflow(tmp_path / "my project [1] 'q' é")
    named = {"model": f"tiny {ODD}", "segments": f"segments {ODD}.json", "csv": f"given {ODD}.csv"}
    (project.folder / "tiny").rename(project.folder / named["model"])
    (project.folder / named["segments"]).write_text("[[0], [1, 2]]")
    (project.folder / named["csv"]).write_text("block,sparsity\n0,0.5\n1,0.6\n2,0.7\n")
    shutil.copy(ROOT / "resources/reference/results.csv", project.folder / f"other {ODD}.csv")
    project.configure(
        models={"tiny": {"path": named["model"], "segments": named["segments"]}},
        methods=["magnitude"],
        allocations={
            "given": {"allocator": "given", "file": named["csv"]},
            "segmented": {"grouping": "gt", "epsilon": 0.1, "segments": "own"},
        },
        reference=f"other {ODD}.csv",
    )
    config = project.folder / f"config {ODD}.yaml"
    (project.folder / "config/config.yaml").rename(config)
    python = environment(project.folder / ".venv")
    targets = (RECORD, "results/ratios/tiny/magnitude/0.6/segmented.csv")
    done = subprocess.run(
        [python, "-m", "snakemake", "--cores", "2", "--configfile", config.name, "--", *targets],
        cwd=project.folder,
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": ""},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert read_json(project.folder / RECORD)["mean"] > 0
    planned = subprocess.run(
        [python, "-m", "snakemake", "--cores", "2", "--dry-run", "--configfile", config.name],
        cwd=project.folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert planned.returncode == 0, planned.stderr


def test_braces_in_the_path_of_the_workflow_are_one_line(tmp_path):
    project = copy_workflow(tmp_path / "a {b}")
    said = project.snakemake("--dry-run")
    assert said.returncode != 0
    assert f"{project.folder}: found braces in the path of the workflow: move it" in said.stdout


def test_code_of_other_projects_never_computes(tmp_path):
    """Neither that of PYTHONPATH nor that of the working directory, which Python looks at first."""
    project = copy_workflow(tmp_path / "project")
    for place in ("other", "elsewhere"):
        (tmp_path / place / "heavytail").mkdir(parents=True)
        (tmp_path / place / "heavytail/__init__.py").write_text(FOREIGN)
    (tmp_path / "other/transformers.py").write_text(FOREIGN)
    target, elsewhere = "results/models/tiny/provenance.json", Project(tmp_path / "elsewhere")
    arguments = ("--snakefile", str(project.folder / "Snakefile"), "--", target)
    done = elsewhere.snakemake(*arguments, PYTHONPATH=str(tmp_path / "other"))
    assert done.returncode == 0, done.stdout
    assert (elsewhere.folder / target).exists()
