import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from heavytail import metrics, spectra


def naive_tail(values: list[float], start: int) -> tuple[float, float]:
    """The notes' formulas for one candidate, in plain Python floats."""
    tail = values[start:]
    n = len(tail)
    alpha = 1 + n / (sum(map(math.log, tail)) - n * math.log(tail[0]))
    distance = max(
        abs(1 - (value / tail[0]) ** (1 - alpha) - j / n) for j, value in enumerate(tail)
    )
    return alpha, distance


def naive_alpha_peak(values: list[float]) -> float:
    logs = [math.log10(v) for v in values]
    low, width = logs[0], (logs[-1] - logs[0]) / 100
    counts = [0] * 100
    for log in logs:
        counts[min(99, int((log - low) / width))] += 1
    peak = 10 ** (low + width * counts.index(max(counts)))
    best = (math.inf, math.nan)
    for start, value in enumerate(values[:-1]):
        if math.log10(0.95 * peak) <= value <= 1.5 * peak:
            alpha, distance = naive_tail(values, start)
            best = min(best, (distance, alpha))
    return best[1]


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 10**6), size=st.integers(20, 200))
def test_alpha_peak_and_alpha_mid_equal_the_notes_formulas(seed, size):
    values = np.sort(np.random.default_rng(seed).lognormal(sigma=1.5, size=size))
    # float64 against float64 in another order of summation: 1e-9 leaves room for 200 additions.
    assert metrics.alpha_peak(values) == pytest.approx(naive_alpha_peak(values.tolist()), rel=1e-9)
    expected = naive_tail(values.tolist(), size // 2)[0]
    assert metrics.alpha_mid(values) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("exponent", [2.0, 3.0, 4.5])
def test_a_pareto_tail_of_known_exponent_is_found(exponent):
    uniform = np.random.default_rng(0).random(20_000)
    values = np.sort((1 - uniform) ** (-1 / (exponent - 1)))
    # Standard error of Hill's estimator: (exponent − 1)/√(n/2); four of them.
    slack = 4 * (exponent - 1) / math.sqrt(10_000)
    assert metrics.alpha_mid(values) == pytest.approx(exponent, abs=slack)
    assert metrics.alpha_peak(values) == pytest.approx(exponent, abs=2 * slack)


def test_entropy_of_a_square_gaussian_is_ln_n_minus_a_half():
    n = 600
    weight = torch.randn(n, n, generator=torch.Generator().manual_seed(0))
    found = metrics.entropy(spectra.eigenvalues(weight).numpy())
    # Fluctuations of the sums are of order 1/n.
    assert found == pytest.approx(math.log(n) - 0.5, abs=0.01)


def test_stable_rank_and_entropy_of_known_spectra():
    flat = np.ones(8)
    assert metrics.stable_rank(flat) == 8
    assert metrics.entropy(flat) == pytest.approx(math.log(8))
    spike = np.array([0.0, 0.0, 5.0])
    assert metrics.stable_rank(spike) == 1
    assert metrics.entropy(spike) == 0


@pytest.mark.parametrize("name", metrics.METRICS)
def test_a_zero_matrix_gives_nan_instead_of_an_error(name):
    assert math.isnan(metrics.METRICS[name](np.zeros(5)))


@pytest.mark.parametrize("name", ["alpha_peak", "alpha_mid"])
def test_a_spectrum_of_equal_values_has_no_exponent(name):
    assert math.isnan(metrics.METRICS[name](np.full(5, 2.0)))
    assert math.isnan(metrics.METRICS[name](np.array([2.0])))


def test_a_spectrum_too_wide_for_the_published_candidates_has_no_exponent():
    # Bins are 0.2 decades wide: the fullest begins at 10, and nothing lies between 1 and 15.
    values = np.array([1e-18, *np.linspace(15.3, 15.6, 50), 100.0])
    assert math.isnan(metrics.alpha_peak(values))


@pytest.mark.slow  # WeightWatcher takes seconds to import
def test_weightwatcher_agrees():
    import weightwatcher

    torch.manual_seed(0)
    layer = torch.nn.Linear(128, 96, bias=False)
    peer = weightwatcher.WeightWatcher(model=torch.nn.Sequential(layer)).analyze().iloc[0]
    values = spectra.eigenvalues(layer.weight.data).numpy()
    # WeightWatcher works in float32 and divides the entropy by ln n.
    assert values[-1] == pytest.approx(peer["lambda_max"], rel=1e-4)
    assert metrics.stable_rank(values) == pytest.approx(peer["stable_rank"], rel=1e-4)
    assert metrics.entropy(values) / math.log(96) == pytest.approx(peer["entropy"], rel=1e-4)
