"""The blend of the reference results with gradients, written out."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heavytail.allocation import blend

norms = st.lists(st.floats(0, 1e4), min_size=2, max_size=40)


def test_ratios_from_gradients_are_the_formula_of_the_reference():
    norms, target = [0.5, 3.0, 1.0, 8.0], 0.7
    logs = [math.log1p(norm) for norm in norms]
    g = [1 - (x - min(logs)) / (max(logs) - min(logs)) for x in logs]
    expected = [min(x * target / (sum(g) / 4), 0.99) for x in g]
    assert np.allclose(blend.gradient_ratios(np.array(norms), target, None), expected, rtol=1e-13)


def test_a_segment_counts_with_the_norm_of_all_its_blocks():
    norms = np.array([3.0, 4.0, 1.0])
    found = blend.gradient_ratios(norms, 0.5, [[0, 1], [2]])
    assert np.allclose(found, blend.gradient_ratios(np.array([5.0, 5.0, 1.0]), 0.5, None))
    assert norms.tolist() == [3.0, 4.0, 1.0]


@given(norms, st.floats(0.05, 0.95))
def test_larger_gradients_never_lose_more(norms, target):
    found = blend.gradient_ratios(np.array(norms), target, None)
    assert (found >= 0).all() and (found <= max(blend.CEILING, target)).all()
    assert (np.diff(found[np.argsort(norms, kind="stable")]) <= 1e-12).all()


def test_equal_gradients_give_the_target():
    assert (blend.gradient_ratios(np.full(4, 2.0), 0.6, None) == 0.6).all()


def test_the_weight_is_the_share_of_the_allocations_own_ratios():
    assert blend.blended(np.array([0.8]), np.array([0.4]), 0.25) == pytest.approx(0.5)
