import math
from unittest.mock import patch

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from heavytail.tables import significance
from support.records import cell, every, tables

WINDOWS = 40
LOSSES = arrays(float, (2, WINDOWS), elements=st.floats(1, 12))

EQUAL = {"t": 0.5, "u": 0.5}


def naive_means(values: np.ndarray) -> np.ndarray:
    """Means over drawn units, one draw, row and unit at a time."""
    rng, units = np.random.default_rng(significance.SEED), values.shape[1]
    found = []
    for _ in range(significance.RESAMPLES):
        counts = rng.multinomial(units, np.full(units, 1 / units))
        found.append([math.fsum(counts * row) / units for row in values])
    return np.array(found)


def test_resampled_means_are_those_of_a_naive_loop():
    values = np.random.default_rng(1).normal(3, 1, (3, 25))
    np.testing.assert_allclose(
        significance.resampled_means(values), naive_means(values), rtol=1e-12
    )


def scipys(one: np.ndarray, other: np.ndarray) -> tuple[tuple[float, float], np.ndarray]:
    """The interval of scipy's paired bootstrap, and how often each draw took each window."""
    windows, taken = np.arange(WINDOWS), []

    def difference(ours, theirs, drawn, axis=-1):
        taken.append(drawn)
        return np.mean(ours - theirs, axis=axis)

    found = stats.bootstrap(
        (one, other, windows),
        difference,
        paired=True,
        method="percentile",
        n_resamples=significance.RESAMPLES,
        rng=np.random.default_rng(2),
    )
    counts = [np.bincount(draw, minlength=WINDOWS) for draw in taken[-1]]
    return found.confidence_interval, np.array(counts)


@settings(max_examples=10)
@given(LOSSES)
def test_intervals_are_those_of_scipy_from_the_same_draws(losses):
    """Of few different losses, too, whose quantiles leap from one draw to the next."""
    one, other = losses
    expected, counts = scipys(one, other)
    assert len(counts) == significance.RESAMPLES
    with patch.object(significance, "drawn", lambda _units: counts):
        found = significance.perplexity_differences({"a": one[None], "b": other[None]})("a", "b")
    np.testing.assert_allclose(found, (np.mean(one - other), *expected), rtol=0, atol=1e-12)


@pytest.mark.parametrize("seed", range(4))
def test_intervals_are_those_of_scipy_from_draws_of_its_own(seed):
    """As near as 10,000 resamples of losses without steps let it be."""
    one, other = np.random.default_rng(seed).normal(5, 2, (2, WINDOWS))
    found = significance.perplexity_differences({"a": one[None], "b": other[None]})("a", "b")
    expected, _ = scipys(one, other)
    error = np.std(one - other) / math.sqrt(WINDOWS)
    np.testing.assert_allclose(found[1:], expected, rtol=0, atol=0.15 * error)


@settings(max_examples=20)
@given(LOSSES)
def test_differences_are_antisymmetric_and_equal_cells_are_alike(losses):
    one, other = losses
    difference = significance.perplexity_differences(
        {"a": one[None], "b": other[None], "c": one.copy()[None]}
    )
    forth, back = difference("a", "b"), difference("b", "a")
    assert forth[0] == pytest.approx(-back[0])
    assert forth[1:] == pytest.approx((-back[2], -back[1]))
    rows = significance.compared(pd.Series({"a": 1.0, "c": 1.0}), {"best": "a"}, difference)
    assert [row["distinguishable"] for row in rows] == [False]


def test_a_shift_of_every_window_is_told_apart_however_noisy_the_windows():
    losses = np.random.default_rng(0).normal(5, 2, WINDOWS)
    difference = significance.perplexity_differences({"a": losses[None], "b": losses[None] + 0.01})
    assert difference("b", "a") == pytest.approx((0.01, 0.01, 0.01))


def test_about_95_of_100_intervals_hold_the_true_difference():
    rng, held, texts = np.random.default_rng(3), 0, 400
    for _ in range(texts):
        common = rng.normal(3, 1, 100)
        noise = rng.normal(0, 0.1, (2, 1, 100))
        losses = {"a": common + noise[0], "b": common + noise[1] + 0.02}
        _, low, high = significance.perplexity_differences(losses)("b", "a")
        held += low <= 0.02 <= high
    # Five standard deviations of a binomial around 95 %, and what percentiles lack at 100 windows.
    assert 0.89 < held / texts < 0.99


def test_several_seeds_count_as_their_mean_perplexity():
    rng = np.random.default_rng(4)
    losses = rng.normal(3, 0.5, (2, 3, WINDOWS))
    found = significance.perplexity_differences({"a": losses[0], "b": losses[1]})("a", "b")
    ours, theirs = np.exp(losses.mean(axis=2)).mean(axis=1)
    assert found[0] == pytest.approx(math.log(ours / theirs))
    assert found[1] < found[0] < found[2]


def test_huge_losses_do_not_overflow():
    losses = np.random.default_rng(5).normal(5000, 1, (2, 2, WINDOWS))
    found = significance.perplexity_differences({"a": losses[0], "b": losses[1]})("a", "b")
    assert np.isfinite(found).all()


def test_too_few_windows_tell_nothing():
    few = np.ones((1, significance.FEWEST - 1))
    assert np.isnan(significance.perplexity_differences({"a": few, "b": few})("a", "b")).all()
    outcomes = {name: [{"t": few[0], "u": np.ones(99)}] for name in "ab"}
    assert np.isnan(significance.accuracy_differences(outcomes, EQUAL)("a", "b")).all()


def test_accuracies_are_drawn_by_document_within_tasks():
    rng = np.random.default_rng(6)
    right = {name: {"t": rng.random(60) < 0.5, "u": rng.random(200) < 0.6} for name in "ab"}
    outcomes = {
        name: {task: own.astype(float) for task, own in tasks.items()}
        for name, tasks in right.items()
    }
    found = significance.accuracy_differences({k: [v] for k, v in outcomes.items()}, EQUAL)(
        "a", "b"
    )
    tasks = [outcomes["a"][task] - outcomes["b"][task] for task in "tu"]
    assert found[0] == pytest.approx(np.mean([task.mean() for task in tasks]))
    draws = [np.mean([rng.choice(task, len(task)).mean() for task in tasks]) for _ in range(4000)]
    np.testing.assert_allclose(found[1:], np.quantile(draws, [0.025, 0.975]), atol=0.012)


def test_a_task_counts_with_its_weight():
    rng = np.random.default_rng(11)
    one, other = ({task: rng.random(100) < 0.5 for task in "tu"} for _ in range(2))
    weights = {"t": 0.25, "u": 0.75}
    found = significance.accuracy_differences({"a": [one], "b": [other]}, weights)("a", "b")
    apart = {task: one[task].mean() - other[task].mean() for task in "tu"}
    assert found[0] == pytest.approx(0.25 * apart["t"] + 0.75 * apart["u"])
    assert found[1] < found[0] < found[2]


def matrix(losses: dict, **more) -> pd.DataFrame:
    """The comparisons of a row of these losses, allocation → [windows] of each seed."""
    rows = [cell("wanda", name, seed) for name, own in losses.items() for seed in range(len(own))]
    flat = [np.asarray(own, dtype=float) for seeds in losses.values() for own in seeds]
    values = [float(np.exp(own.mean())) if np.isfinite(own).all() else None for own in flat]
    cells, _ = tables(rows, values)
    return significance.significance(cells, flat, [], {})


def test_every_allocation_is_compared_with_the_best_and_with_uniform():
    text = np.random.default_rng(7).normal(3, 1, WINDOWS)
    wobble = np.resize([0.2, -0.2], WINDOWS)
    found = matrix({"uniform": [text + 1], "gt": [text + wobble], "qk": [text]})
    assert list(found.columns) == significance.COLUMNS
    pairs = found.set_index(["baseline", "allocation"])
    best = pairs.loc["best"]
    assert set(best["against"]) <= {"gt", "qk"} and len(best) == 2
    assert best.loc["uniform", "distinguishable"] and best.loc["uniform", "low"] > 0
    uniform = pairs.loc["uniform"]
    assert set(uniform.index) == {"gt", "qk"} and set(uniform["against"]) == {"uniform"}
    assert (uniform["difference"] < 0).all() and uniform["distinguishable"].all()
    other = ({"gt", "qk"} - set(best["against"])).pop()
    assert not best.loc[other, "distinguishable"]


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_loss_that_is_no_number_is_never_alike(bad):
    text = np.full(WINDOWS, 3.0)
    broken = np.where(np.arange(WINDOWS) == 5, bad, text)
    found = matrix({"uniform": [broken], "gt": [text], "qk": [text]})
    pairs = found.set_index(["baseline", "allocation"])
    assert pairs.loc[("best", "uniform"), ["difference", "low", "high"]].isna().all()
    assert pairs.loc[("best", "uniform"), "distinguishable"] is None
    assert pairs.loc[("best", "qk"), "distinguishable"] is False
    assert pairs.loc["uniform", "distinguishable"].isna().all()
    assert matrix({"gt": [broken], "qk": [broken]}).empty


def test_one_broken_seed_of_several_is_enough():
    text = np.full(WINDOWS, 3.0)
    found = matrix({"gt": [text, text], "qk": [text, text * np.nan]})
    assert found["distinguishable"].tolist() == [None]


def test_rows_do_not_mix_and_zero_shot_stands_beside_perplexity():
    rng = np.random.default_rng(8)
    rows = every(["wanda", "magnitude"], ["gt", "qk"])
    losses = list(rng.normal(3, 1, (5, WINDOWS)))
    right = rng.random((5, 50)) < np.array([0.9, 0.2, 0.9, 0.5, 0.5])[:, None]
    cells, _ = tables(rows, [float(np.exp(own.mean())) for own in losses], right[:, :1].tolist())
    cells["zero_shot_mean"] = right.mean(axis=1)
    found = significance.significance(
        cells, losses, [{"a": own.astype(np.int8)} for own in right], {"a": 1.0}
    )
    assert len(found) == 2 * 2 and "dense" not in set(found["method"])
    accuracy = found[found["quantity"] == "zero_shot_mean"].set_index("method")
    assert accuracy.loc["wanda", "against"] == "qk" and accuracy.loc["wanda", "distinguishable"]
    assert accuracy.loc["wanda", "difference"] == pytest.approx(right[1].mean() - right[2].mean())
    again = significance.significance(
        cells, losses, [{"a": own.astype(np.int8)} for own in right], {"a": 1.0}
    )
    pd.testing.assert_frame_equal(found, again)


def test_several_seeds_of_a_document_count_as_their_mean():
    rng = np.random.default_rng(9)
    seeds = {name: [{"t": rng.random(50) < 0.5} for _ in range(3)] for name in "ab"}
    means = {
        name: [{"t": np.mean([one["t"] for one in own], axis=0)}] for name, own in seeds.items()
    }
    found, expected = (
        significance.accuracy_differences(own, EQUAL)("a", "b") for own in (seeds, means)
    )
    assert found == expected
