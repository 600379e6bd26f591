"""What computed a result, and how much time and memory that took."""

import resource
import time
from importlib.metadata import version
from typing import TypedDict

import torch


class Computed(TypedDict):
    """What decides the last bits of a result beside its code and inputs."""

    device: str
    dtype: str
    threads: int
    versions: dict[str, str]


def versions(*packages: str) -> dict[str, str]:
    """The installed version of each package."""
    return {package: version(package) for package in packages}


def computed_by(device: torch.device, dtype: torch.dtype) -> Computed:
    """What decides the last bits of a result, in addition to its code and inputs."""
    return {
        "device": torch.cuda.get_device_name() if device.type == "cuda" else device.type,
        "dtype": str(dtype),
        "threads": torch.get_num_threads(),
        "versions": versions("torch", "transformers"),
    }


class Stopwatch:
    """Wall time and peak memory of a job since its creation."""

    def __init__(self) -> None:
        """Start the clock."""
        self._start = time.monotonic()

    def usage(self) -> dict[str, float]:
        """{"seconds", "peak_memory_mb"}: on a GPU its peak allocation, else the process's peak."""
        if torch.cuda.is_available():
            peak = torch.cuda.max_memory_allocated() / 2**20
        else:
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
        seconds = time.monotonic() - self._start
        return {"seconds": round(seconds, 2), "peak_memory_mb": round(peak, 1)}
