"""One job at a time on a GPU: a lock per device, held until the process ends."""

import fcntl
import logging
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

log = logging.getLogger(__name__)

VISIBLE = "CUDA_VISIBLE_DEVICES"
# Where Linux lists what a processor can do, and its instructions for bfloat16: without them a CPU
# computes in float32 instead.
CPU, BFLOAT16 = Path("/proc/cpuinfo"), ("avx512_bf16", "amx_bf16", "bf16")


def _queried(*fields: str) -> list[list[str]]:
    """Some fields of each of the machine's GPUs; none where no driver tells."""
    if not shutil.which("nvidia-smi"):
        return []
    query = ["nvidia-smi", f"--query-gpu={','.join(fields)}", "--format=csv,noheader"]
    told = subprocess.run(query, capture_output=True, text=True, check=False)
    # Without a driver it fails, and says so where the fields would be.
    lines = told.stdout.splitlines() if told.returncode == 0 else []
    return [[field.strip() for field in line.split(",")] for line in lines]


def _listed() -> dict[str, str]:
    """Index → identifier of the machine's GPUs."""
    return dict(_queried("index", "uuid"))


def candidates() -> list[str]:
    """What this process may choose from: the devices that are visible to it, else all.

    Slurm makes the devices that it gave to a job visible; a job that was given none has none.
    Elsewhere a device is called by its identifier, however it was made visible: one lock each.
    """
    visible = os.environ.get(VISIBLE)
    in_slurm, listed = "SLURM_JOB_ID" in os.environ, _listed()
    if visible is None and not in_slurm:
        return list(listed.values())
    # As CUDA has it, -1 is none.
    names = [name for name in (visible or "").split(",") if name not in ("", "-1")]
    return names if in_slurm else [listed.get(name, name) for name in names]


def computing_device() -> str:
    """What this process may compute on: the names of its GPUs, or the CPU's kind of bfloat16."""
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


def _locked(names: list[str], folder: Path) -> str | None:
    """The first device that was free and is this process's to its end; None if all are taken."""
    for name in names:
        handle = os.open(folder / f"{name.replace('/', '-')}.lock", os.O_CREAT | os.O_RDWR)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return name
        except BlockingIOError:
            os.close(handle)
    return None


def claim(poll: float = 0.5) -> str | None:
    """Wait for a free GPU, make it the only visible one and return it; None where there is none.

    To be called before CUDA is initialised, which reads once what is visible. The locks are one
    user's, and in a job of Slurm that job's: another's devices may bear the same numbers.

    Args:
        poll: seconds between two rounds over devices that are all taken.
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
