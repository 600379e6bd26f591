import ctypes
import os
import subprocess
import sys

import pytest
import torch

from heavytail.models.device import compute_dtype


@pytest.mark.parametrize(
    ("stored", "place", "able", "expected"),
    [
        (torch.float16, "cpu", True, torch.float32),
        (torch.bfloat16, "cpu", True, torch.bfloat16),
        (torch.bfloat16, "cpu", False, torch.float32),
        (torch.float32, "cpu", False, torch.float32),
        (torch.float16, "cuda", False, torch.float16),
        (torch.bfloat16, "cuda", False, torch.bfloat16),
    ],
)
def test_half_precision_is_computed_in_where_the_device_can(
    stored, place, able, expected, monkeypatch
):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": able})
    assert compute_dtype(stored, torch.device(place)) == expected


# Ten tensors that are neither small nor large, of 512 pages each, one after the other.
ALLOCATIONS = """
import resource
import torch
from heavytail.models.device import return_large_allocations
def use():
    held = [torch.ones(2**19) for _ in range(10)]
return_large_allocations()
use()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    use()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""
HAS_OPTIONS = hasattr(ctypes.CDLL(None), "mallopt")


@pytest.mark.skipif(not HAS_OPTIONS, reason="an allocator without options")
def test_memory_of_activations_is_not_fetched_anew_for_each_batch():
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", ALLOCATIONS]
    told = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    assert int(told.stdout) < 10 * 10 * 512 / 4
