"""Where tensors live and in which precision a model computes."""

import ctypes
from collections.abc import Callable
from functools import cache

import torch

from heavytail.running import gpus

# glibc's numbers for its options; what is large: more than a batch's activations usually are; and
# how much free memory it keeps for the next ones.
MMAP_THRESHOLD, TRIM_THRESHOLD = -3, -1
LARGE_BYTES, KEPT_BYTES = 2**23, 2**26
# What processors call their instructions for it.
BFLOAT16 = ("avx512_bf16", "amx_bf16", "bf16")


@cache
def pick() -> torch.device:
    """A GPU that no other job is using, waited for and kept to this process's end, else the CPU."""
    gpus.claim()
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def compute_dtype(stored: torch.dtype, device: torch.device) -> torch.dtype:
    """The stored dtype where the device computes in it, else float32.

    A CPU has no float16 arithmetic, and bfloat16 only with instructions for it.
    """
    if device.type != "cpu" or stored not in (torch.float16, torch.bfloat16):
        return stored
    able = torch.cpu.get_capabilities()
    return stored if stored == torch.bfloat16 and any(map(able.get, BFLOAT16)) else torch.float32


def return_large_allocations() -> None:
    """Let the memory of weights go back to the system as soon as it is freed.

    glibc raises the size from which it does so to that of the largest freed tensor; of a model that
    goes by block by block, the process would keep more with every block. With that size fixed,
    glibc would also give back what activations leave free, and fetch it again for every batch.
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
