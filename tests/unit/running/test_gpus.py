"""One process at a time on a GPU, with a stand-in for nvidia-smi and real processes."""

import json
import os
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from heavytail.running import gpus

SCRIPTS = Path(__file__).parents[3] / "scripts"
JOB = """
import json, os, sys, time
from heavytail.running import gpus
device = gpus.claim(poll=0.02)
start = time.monotonic()
print(json.dumps(device), flush=True)
time.sleep(float(sys.argv[1]))
print(json.dumps([start, time.monotonic(), os.environ.get("CUDA_VISIBLE_DEVICES")]), flush=True)
"""
# What asks CUDA anything fixes what it sees.
IMPORTS = """
import sys, torch
for name in ("is_available", "device_count", "current_device", "init"):
    setattr(torch.cuda, name, lambda *_, name=name: sys.exit(f"torch.cuda.{name} was called"))
from heavytail.allocation.guides import gradients, similarity, wanda_scores
from heavytail.diagnostics import hessians
from heavytail.evaluation import perplexity, tuning, zero_shot
from heavytail.pruning import cell
from heavytail.spectra import measure
"""


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A machine with two GPUs, as far as nvidia-smi tells."""
    for name in ("CUDA_VISIBLE_DEVICES", "SLURM_JOB_ID"):
        monkeypatch.delenv(name, raising=False)
    tool = tmp_path / "nvidia-smi"
    tool.write_text(
        "#!/bin/sh\ncase $* in *name*) echo 0, GPU-a, Fast; echo 1, GPU-b, Slow ;; "
        "*) echo 0, GPU-a; echo 1, GPU-b ;; esac\n"
    )
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(SCRIPTS))


def job(seconds: float) -> subprocess.Popen:
    command = [sys.executable, "-c", JOB, str(seconds)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def ended(started: subprocess.Popen) -> tuple[str, list]:
    device, times = started.communicate(timeout=60)[0].splitlines()
    return json.loads(device), json.loads(times)


def test_jobs_share_the_devices_and_none_is_used_twice_at_once(machine):
    done = [ended(one) for one in [job(0.4) for _ in range(5)]]
    assert {device for device, _ in done} <= {"GPU-a", "GPU-b"}
    assert all(device == visible for device, (_, _, visible) in done)
    for name in ("GPU-a", "GPU-b"):
        spans = sorted(times[:2] for device, times in done if device == name)
        assert all(before[1] <= after[0] for before, after in pairwise(spans))


def test_so_many_jobs_share_a_device_as_the_user_says(machine, monkeypatch):
    monkeypatch.setenv("HEAVYTAIL_JOBS_PER_GPU", "2")
    running = [job(60) for _ in range(4)]
    try:
        devices = [json.loads(one.stdout.readline()) for one in running]
        assert sorted(devices) == ["GPU-a", "GPU-a", "GPU-b", "GPU-b"]
        folder = Path(os.environ["TMPDIR"]) / f"heavytail-gpus-{os.getuid()}-machine"
        assert gpus._locked(["GPU-a", "GPU-b"], folder) is None
    finally:
        for one in running:
            one.kill()
            one.communicate()


def test_an_idle_device_comes_before_one_with_a_job(machine, monkeypatch):
    monkeypatch.setenv("HEAVYTAIL_JOBS_PER_GPU", "2")
    first = job(60)
    assert json.loads(first.stdout.readline()) == "GPU-a"
    assert ended(job(0))[0] == "GPU-b"
    first.kill()
    first.communicate()


@pytest.mark.parametrize("found", ["0", "-1", "two", "", "1.5", "²"])
def test_a_number_of_jobs_that_is_none_is_refused(monkeypatch, found):
    monkeypatch.setenv("HEAVYTAIL_JOBS_PER_GPU", found)
    with pytest.raises(ValueError, match=f"JOBS_PER_GPU: found {re.escape(repr(found))}, "):
        gpus.jobs_per_gpu()


def test_a_killed_job_gives_its_device_back(machine, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "GPU-b")
    first = job(60)
    assert json.loads(first.stdout.readline()) == "GPU-b"
    second = job(0)
    first.kill()
    first.communicate()
    assert ended(second)[0] == "GPU-b"


def test_what_slurm_gave_is_shared_by_the_jobs_in_its_allocation_alone(machine, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    monkeypatch.setenv("SLURM_JOB_ID", "1")
    jobs = [job(60), job(60)]
    assert {json.loads(one.stdout.readline()) for one in jobs} == {"0", "1"}
    # Another job's device 0 is another device, where Slurm shows every job its own alone.
    monkeypatch.setenv("SLURM_JOB_ID", "2")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    assert ended(job(0))[1][2] == "0"
    for one in jobs:
        one.kill()
        one.communicate()


@pytest.mark.parametrize(
    "environment",
    [{"CUDA_VISIBLE_DEVICES": ""}, {"CUDA_VISIBLE_DEVICES": "-1"}, {"SLURM_JOB_ID": "1"}],
)
def test_a_gpu_that_is_hidden_or_was_not_given_is_not_used(machine, monkeypatch, environment):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    device, (_, _, visible) = ended(job(0))
    assert device is None and visible in ("", "-1")


@pytest.mark.parametrize("answer", [None, "echo 'NVIDIA-SMI has failed'; exit 9"])
def test_without_a_gpu_nothing_changes(machine, monkeypatch, tmp_path, answer):
    tool = tmp_path / "nvidia-smi"
    tool.unlink() if answer is None else tool.write_text(f"#!/bin/sh\n{answer}\n")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert gpus.claim() is None and "CUDA_VISIBLE_DEVICES" not in os.environ


def test_no_script_asks_cuda_before_a_device_is_chosen(machine):
    done = subprocess.run([sys.executable, "-c", IMPORTS], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]


def test_a_device_is_one_however_it_was_made_visible(machine, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    assert gpus.candidates() == ["GPU-b"]
    monkeypatch.setenv("SLURM_JOB_ID", "7")
    assert gpus.candidates() == ["1"]


def test_what_computes_is_told_by_the_names_of_the_devices_that_may(machine, monkeypatch):
    assert gpus.computing_device() == "Fast, Slow"
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    assert gpus.computing_device() == "Slow"
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert gpus.computing_device().startswith("cpu")


def test_a_cpu_with_arithmetic_in_bfloat16_is_another_one(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(gpus, "CPU", tmp_path / "cpuinfo")
    assert gpus.computing_device() == "cpu"
    (tmp_path / "cpuinfo").write_text("flags\t: fpu avx512_bf16 sse\n")
    assert gpus.computing_device() == "cpu avx512_bf16"
