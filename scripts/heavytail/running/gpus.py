"""One job at a time on a GPU, or as many as the user says: locks, held until the process ends."""

import fcntl
import logging
import os
import shutil
import subprocess
import tempfile
import time
from itertools import product
from pathlib import Path

log = logging.getLogger(__name__)

VISIBLE = "CUDA_VISIBLE_DEVICES"
# How many jobs share a device. Small models leave most of a large one idle.
SHARING = "HEAVYTAIL_JOBS_PER_GPU"
# Linux lists here what a processor can do; the second are its instructions for bfloat16. A CPU
# without them computes in float32 instead.
CPU, BFLOAT16 = Path("/proc/cpuinfo"), ("avx512_bf16", "amx_bf16", "bf16")


def _queried(*fields: str) -> list[list[str]]:
    """Some fields of each of the machine's GPUs; an empty list if there is no driver."""
    if not shutil.which("nvidia-smi"):
        return []
    query = ["nvidia-smi", f"--query-gpu={','.join(fields)}", "--format=csv,noheader"]
    answer = subprocess.run(query, capture_output=True, text=True, check=False)
    # Without a driver it fails, and prints the reason in place of the fields.
    lines = answer.stdout.splitlines() if answer.returncode == 0 else []
    return [[field.strip() for field in line.split(",")] for line in lines]


def _listed() -> dict[str, str]:
    """The machine's GPUs: index → identifier."""
    return dict(_queried("index", "uuid"))


def candidates() -> list[str]:
    """The GPUs that this process may choose from: the visible ones or, if none is set, all.

    Slurm makes visible to a job the devices that the job was given, possibly none. Outside of
    Slurm, a device is named by its identifier, however it was made visible: so each has one lock.
    """
    visible = os.environ.get(VISIBLE)
    in_slurm, listed = "SLURM_JOB_ID" in os.environ, _listed()
    if visible is None and not in_slurm:
        return list(listed.values())
    # CUDA reads -1 as no device.
    names = [name for name in (visible or "").split(",") if name not in ("", "-1")]
    return names if in_slurm else [listed.get(name, name) for name in names]


def computing_device() -> str:
    """The hardware that may compute here: names of GPUs, or "cpu" and its bfloat16 instructions."""
    allowed = candidates()
    rows = _queried("index", "uuid", "name")
    names = {name for index, uuid, name in rows if index in allowed or uuid in allowed}
    if names:
        return ", ".join(sorted(names))
    try:
        flags = set(CPU.read_text(encoding="ascii").split())
    except OSError:
        flags = set()
    return " ".join(["cpu", *sorted(flags.intersection(BFLOAT16))])


def jobs_per_gpu() -> int:
    """How many jobs may use one device at a time: HEAVYTAIL_JOBS_PER_GPU, by default 1.

    Raises:
        ValueError: for anything but a whole number from 1.
    """
    found = os.environ.get(SHARING, "1")
    if not (found.isascii() and found.isdigit() and int(found)):
        raise ValueError(f"{SHARING}: found {found!r}, expected a whole number from 1")
    return int(found)


def _locked(names: list[str], folder: Path) -> str | None:
    """Lock a free place on a device until this process ends, and return the device, if any is free.

    Devices without a job come first.
    """
    for place, name in product(range(jobs_per_gpu()), names):
        lock = f"{name.replace('/', '-')}.{place}.lock"
        handle = os.open(folder / lock, os.O_CREAT | os.O_RDWR)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return name
        except BlockingIOError:
            os.close(handle)
    return None


def claim(poll: float = 0.5) -> str | None:
    """Wait for a GPU with a free place, make no other visible and return it; None without GPUs.

    Call this before CUDA is initialised: CUDA reads only once which devices are visible. The locks
    belong to one user or, inside a Slurm job, to that job, because the devices of another job may
    have the same numbers.

    Args:
        poll: seconds to wait between two attempts if all devices are taken.
    """
    names = candidates()
    if not names:
        if "SLURM_JOB_ID" in os.environ:
            os.environ[VISIBLE] = ""
        return None
    scope = f"{os.getuid()}-{os.environ.get('SLURM_JOB_ID', 'machine')}"
    folder = Path(tempfile.gettempdir()) / f"heavytail-gpus-{scope}"
    folder.mkdir(exist_ok=True)
    free = _locked(names, folder)
    if free is None:
        log.info("waiting for one of the GPUs %s", ", ".join(names))
    while free is None:
        time.sleep(poll)
        free = _locked(names, folder)
    os.environ[VISIBLE] = free
    log.info("GPU %s", free)
    return free
