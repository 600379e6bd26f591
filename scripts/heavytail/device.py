"""Where tensors live and in which precision a model computes."""

import torch


def pick() -> torch.device:
    """The GPU that the job sees, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def compute_dtype(stored: torch.dtype, device: torch.device) -> torch.dtype:
    """The stored dtype, but float32 for float16 on a CPU, which has no float16 arithmetic."""
    if device.type == "cpu" and stored == torch.float16:
        return torch.float32
    return stored
