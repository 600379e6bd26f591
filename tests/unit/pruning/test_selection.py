import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from heavytail.pruning.selection import (
    removed_count,
    require_numbers,
    smallest,
    smallest_in_units,
)


@given(
    values=st.lists(st.integers(0, 4), min_size=1, max_size=40),
    share=st.floats(0, 1),
)
def test_exactly_the_count_of_smallest_goes_and_ties_fall_to_the_left(values, share):
    scores = torch.tensor([values, values[::-1]], dtype=torch.float32)
    count = removed_count(share, len(values))
    mask = smallest(scores, count)
    for row, marked in zip(scores.tolist(), mask.tolist(), strict=True):
        naive = sorted(range(len(row)), key=lambda i: (row[i], i))[:count]
        assert [i for i, hit in enumerate(marked) if hit] == sorted(naive)


def test_infinite_scores_go_last():
    scores = torch.tensor([[float("inf"), 1.0, float("inf")]])
    assert smallest(scores, 2).tolist() == [[True, True, False]]


def test_nan_scores_are_refused():
    with pytest.raises(ValueError, match="NaN"):
        require_numbers(torch.tensor([[1.0, float("nan")]]))


@pytest.mark.parametrize(
    ("sparsity", "units", "count"),
    [(0.7, 10, 7), (0.7, 128, 89), (0.0, 5, 0), (1.0, 5, 5), (0.29, 100, 29)],
)
def test_the_count_is_the_floor_of_the_exact_product(sparsity, units, count):
    assert removed_count(sparsity, units) == count


@given(rows=st.integers(1, 5), groups=st.integers(1, 4), seed=st.integers(0, 999))
def test_every_group_of_adjoining_weights_loses_its_count(rows, groups, seed):
    scores = torch.rand(rows, 4 * groups, generator=torch.Generator().manual_seed(seed))
    marked = smallest_in_units(scores, 0.5, 4)
    assert (marked.reshape(-1, 4).sum(1) == 2).all()
    assert (
        scores.masked_fill(~marked, 0).reshape(-1, 4).amax(1)
        <= scores.masked_fill(marked, 2).reshape(-1, 4).amin(1)
    ).all()


def test_rows_that_cannot_be_cut_into_groups_say_so():
    with pytest.raises(ValueError, match="rows of 6 weights cannot be cut into groups of 4"):
        smallest_in_units(torch.rand(2, 6), 0.5, 4)
