"""Jobs of a run on a machine that has one GPU, as far as a stand-in for nvidia-smi tells."""

import os
import re
import shutil
from itertools import pairwise

import pytest

from support import project as projects

pytestmark = pytest.mark.slow


def test_jobs_that_run_at_once_take_turns_on_a_gpu(project, tmp_path, monkeypatch):
    tool = tmp_path / "nvidia-smi"
    tool.write_text(
        "#!/bin/sh\ncase $* in *name*) echo 0, GPU-a, Fast ;; *) echo 0, GPU-a ;; esac\n"
    )
    tool.chmod(0o755)
    here = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "TMPDIR": str(tmp_path)}
    for name, value in here.items():
        monkeypatch.setitem(projects.ENVIRONMENT, name, value)
    shutil.rmtree(project.folder / "results/pruned/tiny/magnitude")
    shutil.rmtree(project.folder / "results/store")
    targets = [
        f"results/pruned/tiny/magnitude/0.6/{name}/seed-0.json" for name in ("uniform", "gt")
    ]
    run = project.snakemake("--resources", "gpu=2", "--", *targets)
    assert run.returncode == 0 and run.stdout.count("gpu=1") == 2, run.stdout
    spans = []
    for log in (project.folder / "results/logs/prune_cell/tiny/magnitude").rglob("*.log"):
        times = re.findall(r"^(\S+ \S+) (GPU GPU-a)?", log.read_text(), re.MULTILINE)
        locked = [time for time, device in times if device]
        assert len(locked) == 1, log.read_text()
        spans.append((locked[0], times[-1][0]))
    assert len(spans) == 2
    assert all(before[1] <= after[0] for before, after in pairwise(sorted(spans)))
