"""Where tensors live and in which precision a model computes."""

import torch

# What processors call their instructions for it.
BFLOAT16 = ("avx512_bf16", "amx_bf16", "bf16")


def pick() -> torch.device:
    """The GPU that the job sees, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def compute_dtype(stored: torch.dtype, device: torch.device) -> torch.dtype:
    """The stored dtype where the device computes in it, else float32.

    A CPU has no float16 arithmetic, and bfloat16 only with instructions for it.
    """
    if device.type != "cpu" or stored not in (torch.float16, torch.bfloat16):
        return stored
    able = torch.cpu.get_capabilities()
    return stored if stored == torch.bfloat16 and any(map(able.get, BFLOAT16)) else torch.float32
