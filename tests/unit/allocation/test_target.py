import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heavytail.allocation import target as allocation

GQA_BLOCK = [4096 * 4096, 1024 * 4096, 1024 * 4096, 4096 * 4096] + [14336 * 4096] * 3

ratios = st.lists(st.floats(0.01, 2.0), min_size=1, max_size=80)


@given(relative=ratios, target=st.floats(0.01, 0.99), seed=st.integers(0, 99))
def test_the_weighted_mean_is_the_target_and_no_ratio_leaves_the_unit_interval(
    relative, target, seed
):
    parameters = np.random.default_rng(seed).integers(1, 10**8, len(relative))
    found = allocation.to_target(np.array(relative), parameters, target)
    assert found @ parameters / parameters.sum() == pytest.approx(target, rel=1e-12)
    assert (found > 0).all() and (found <= 1).all()


@given(relative=ratios, target=st.floats(0.01, 0.99))
def test_ratios_below_the_cap_keep_their_proportions_and_order(relative, target):
    relative = np.array(relative)
    found = allocation.to_target(relative, np.ones(len(relative)), target)
    free = found < 1
    if free.any():
        factors = found[free] / relative[free]
        assert np.allclose(factors, factors[0], rtol=1e-12)
        assert (relative[~free] * factors[0] >= 1 - 1e-12).all()


def test_a_ratio_that_the_published_formula_lifts_above_one_is_capped():
    relative = allocation.linear_map(np.array([1.0] * 31 + [9.0]), 0.5)
    published = relative * 0.7 / relative.mean()
    assert published.max() > 1
    capped = allocation.to_target(relative, np.full(32, 7), 0.7)
    assert capped.max() == 1 and capped.mean() == pytest.approx(0.7, rel=1e-14)


def test_real_grouped_query_shapes_count_by_parameters():
    scores = np.linspace(1, 3, 32)
    relative = np.repeat(allocation.linear_map(scores, 0.2), 7)
    parameters = np.tile(GQA_BLOCK, 32)
    found = allocation.to_target(relative, parameters, 0.7)
    assert (found * parameters).sum() / parameters.sum() == pytest.approx(0.7, rel=1e-14)
    # All blocks have equal shapes, so the published per-block formula must come out.
    blocks = 1 - 0.2 + 0.4 * (scores - 1) / 2
    assert np.allclose(found[::7], blocks * 0.7 / blocks.mean(), rtol=1e-13)


@given(
    ratios=st.lists(st.floats(0, 1), min_size=1, max_size=40),
    sizes=st.lists(st.integers(1, 50), min_size=40, max_size=40),
    group_size=st.sampled_from([2, 4, 8, 16, 32]),
)
def test_units_keep_to_the_target_as_closely_as_whole_matrices_can(ratios, sizes, group_size):
    ratios, parameters = np.array(ratios), 64.0 * np.array(sizes[: len(ratios)])
    target = float(ratios @ parameters / parameters.sum())
    found = allocation.to_units(ratios, parameters, target, group_size)
    assert ((found >= 0) & (found <= 1)).all() and (
        found * group_size == np.round(found * group_size)
    ).all()
    # Each ratio is one of its two neighbours, and no single step would bring the sum closer.
    assert (np.abs(found - ratios) < 1 / group_size + 1e-6).all()
    assert (
        abs(found @ parameters - target * parameters.sum())
        <= parameters.max() / group_size / 2 + 1e-3
    )


unit = st.floats(0, 1)


@given(
    relative=st.lists(st.floats(-1, 2), min_size=1, max_size=40),
    bounds=st.tuples(unit, unit).map(sorted).filter(lambda pair: pair[0] < pair[1]),
    share=st.one_of(st.sampled_from([0.0, 1.0]), unit),
    seed=st.integers(0, 99),
)
def test_ratios_are_shifted_to_any_target_within_the_bounds(relative, bounds, share, seed):
    """The bounds themselves are targets too."""
    parameters = np.random.default_rng(seed).integers(1, 10**8, len(relative))
    low, high = bounds
    target = {0.0: low, 1.0: high}.get(share, low + share * (high - low))
    found = allocation.shifted_to_target(np.array(relative), parameters, target, (low, high))
    assert found @ parameters / parameters.sum() == pytest.approx(target, abs=1e-9)
    assert (found >= low).all() and (found <= high).all()


@given(
    relative=st.lists(st.floats(0, 1), min_size=1, max_size=40),
    sizes=st.lists(st.integers(1, 50), min_size=40, max_size=40),
    pattern=st.sampled_from([(1, 2), (2, 4), (4, 8), (3, 8), (10, 16)]),
    below=st.floats(0.001, 0.6),
    above=st.floats(0.001, 0.6),
)
def test_ratios_of_a_pattern_stay_within_the_bounds(relative, sizes, pattern, below, above):
    n, m = pattern
    target, own = n / m, 64 * np.array(sizes[: len(relative)])
    bounds = max(0.0, target - below), min(1.0, target + above)
    low, high = allocation.within_units(bounds, m)
    assert bounds[0] - 1e-6 <= low <= target <= high <= bounds[1] + 1e-6
    ratios = allocation.shifted_to_target(np.array(relative), own, target, (low, high))
    found = allocation.to_units(ratios, own, target, m, high)
    assert (found >= low).all() and (found <= high).all()
    assert abs(found @ own - target * own.sum()) <= own.max() / m / 2 + 1e-3


def test_equal_ratios_of_a_pattern_stay_equal():
    assert (allocation.to_units(np.full(9, 0.625), np.arange(1, 10), 0.625, 8) == 5 / 8).all()


def test_the_linear_map_spans_one_minus_to_one_plus_epsilon():
    assert np.allclose(allocation.linear_map(np.array([2.0, 3.0, 4.0]), 0.3), [0.7, 1.0, 1.3])
    assert (allocation.linear_map(np.array([2.0, 2.0]), 0.3) == 1).all()


# Means over all seven projections of the published alphas of LLaMA-7B, block 0 to block 31.
LLAMA_7B = [
    *(2.622161, 2.889890, 2.968962, 2.964461, 3.089984, 3.063815, 2.960608, 2.745569),
    *(2.775207, 2.608615, 2.716712, 2.729706, 2.784302, 2.851670, 2.896570, 3.176652),
    *(3.123034, 3.446092, 3.871534, 3.606035, 3.894475, 4.065989, 3.755078, 3.714630),
    *(3.994079, 4.220435, 4.102447, 4.160386, 3.850811, 4.093433, 4.160116, 3.537446),
]


def test_the_published_alphas_of_llama_7b_give_the_reference_ratios():
    relative = allocation.linear_map(np.array(LLAMA_7B), 0.2)
    found = allocation.to_target(relative, np.ones(32), 0.7)
    assert (round(found.min(), 3), round(found.max(), 3)) == (0.568, 0.852)
    assert found.argmin() == 9 and found.argmax() == 25
