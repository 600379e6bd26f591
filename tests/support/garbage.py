"""What is left to Python's search for garbage, which jobs make rarely."""

import gc
from collections.abc import Callable

import torch


def waiting(work: Callable, *arguments, **keywords) -> int:
    """How many tensors that hold memory wait for it after `work(*arguments, **keywords)`."""
    gc.collect()
    gc.disable()
    try:
        work(*arguments, **keywords)
        gc.set_debug(gc.DEBUG_SAVEALL)
        gc.collect()
        found = [one for one in gc.garbage if isinstance(one, torch.Tensor)]
        return sum(tensor.device.type != "meta" and tensor.nbytes > 0 for tensor in found)
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()
