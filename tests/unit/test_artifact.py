import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from heavytail import artifact


@settings(deadline=None)
@given(rows=st.integers(1, 9), columns=st.integers(1, 19), seed=st.integers(0, 999))
def test_masks_and_rewritten_values_round_trip(rows, columns, seed):
    generator = torch.Generator().manual_seed(seed)
    weight = torch.randn(rows, columns, generator=generator)
    removed = torch.rand(rows, columns, generator=generator) < 0.7
    stored = artifact.encode(removed, None)
    assert len(stored["kept"]) == -(-rows * columns // 8)
    assert torch.equal(artifact.decode(weight, stored), torch.where(removed, 0, weight))
    values = torch.randn(rows, columns, generator=generator).half()
    stored = artifact.encode(removed, values)
    assert len(stored["values"]) == (~removed).sum()
    assert torch.equal(artifact.decode(weight, stored), torch.where(removed, 0, values.float()))


def test_a_mask_of_another_matrix_is_refused():
    stored = artifact.encode(torch.zeros(3, 30, dtype=torch.bool), None)
    with pytest.raises(ValueError, match="does not fit"):
        artifact.decode(torch.zeros(4, 30), stored)
