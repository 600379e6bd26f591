"""The device of a job's tensors, and the precision in which a model computes."""

import ctypes
from collections.abc import Callable
from functools import cache

import torch

from heavytail.running import gpus

# glibc's numbers for its options; the size from which an allocation is large: more than the
# activations of a batch usually take; and how much free memory glibc keeps for the next ones.
MMAP_THRESHOLD, TRIM_THRESHOLD = -3, -1
LARGE_BYTES, KEPT_BYTES = 2**23, 2**26
# The names of the processors' instructions for bfloat16.
BFLOAT16 = ("avx512_bf16", "amx_bf16", "bf16")


@cache
def pick() -> torch.device:
    """A GPU that no other job uses, which is locked until this process ends; else the CPU."""
    gpus.claim()
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def compute_dtype(stored: torch.dtype, device: torch.device) -> torch.dtype:
    """The stored dtype if the device computes in it, else float32.

    A CPU has no float16 arithmetic, and bfloat16 only if it has instructions for it.
    """
    if device.type != "cpu" or stored not in (torch.float16, torch.bfloat16):
        return stored
    able = torch.cpu.get_capabilities()
    return stored if stored == torch.bfloat16 and any(map(able.get, BFLOAT16)) else torch.float32


def return_large_allocations() -> None:
    """Make glibc return the memory of weights to the system as soon as it is freed.

    By default glibc returns only allocations above a size, and raises this size to that of the
    largest freed tensor. While a model passes block by block, the process would keep more memory
    with every block. With that size fixed, glibc would also give back the memory that activations
    leave free, and fetch it again for every batch.
    """
    set_option = getattr(ctypes.CDLL(None), "mallopt", None)
    if set_option is not None:
        set_option(MMAP_THRESHOLD, LARGE_BYTES)
        set_option(TRIM_THRESHOLD, KEPT_BYTES)


def brought(tensors: dict[str, torch.Tensor]) -> Callable[[], dict[str, torch.Tensor]]:
    """Begin to bring tensors to the CPU; what this returns gives them, in any thread.

    Only that call waits for a GPU.
    """
    if not any(tensor.is_cuda for tensor in tensors.values()):
        here = {name: tensor.cpu() for name, tensor in tensors.items()}
        return lambda: here
    here = {
        name: torch.empty_like(tensor, device="cpu", pin_memory=True).copy_(
            tensor, non_blocking=True
        )
        for name, tensor in tensors.items()
    }
    end = torch.cuda.current_stream().record_event()

    def arrived() -> dict[str, torch.Tensor]:
        end.synchronize()
        return here

    return arrived
