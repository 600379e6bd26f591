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
