import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heavytail.metrics import tails
from heavytail.spectra.spectrum import Spectrum


def naive_tail(values: list[float], start: int) -> tuple[float, float]:
    """The formulas of the reference for one candidate, in plain Python floats."""
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


def compute(values: np.ndarray) -> dict[str, float]:
    return tails.compute(Spectrum(len(values), len(values), values))


@settings(max_examples=25)
@given(seed=st.integers(0, 10**6), size=st.integers(20, 200))
def test_exponents_equal_the_formulas(seed, size):
    values = np.sort(np.random.default_rng(seed).lognormal(sigma=1.5, size=size))
    found, plain = compute(values), values.tolist()
    # float64 against float64 in another order of summation: 1e-9 leaves room for 200 additions.
    assert found["alpha_peak"] == pytest.approx(naive_alpha_peak(plain), rel=1e-9)
    assert found["alpha_mid"] == pytest.approx(naive_tail(plain, size // 2)[0], rel=1e-9)
    distance, alpha = min(naive_tail(plain, start)[::-1] for start in range(size - 1))
    assert found["alpha"] == pytest.approx(alpha, rel=1e-9)
    assert found["alpha_ks"] == pytest.approx(distance, rel=1e-9)
    assert found["alpha_weighted"] == pytest.approx(alpha * math.log10(plain[-1]), rel=1e-9)
    norm = math.log10(math.fsum(value**alpha for value in plain))
    assert found["log_alpha_norm"] == pytest.approx(norm, rel=1e-9)


@settings(max_examples=10)
@given(seed=st.integers(0, 10**6))
def test_probing_tails_finds_the_same_as_measuring_all(seed):
    """At the size of real matrices, where most candidates are never measured in full."""
    values = np.sort(np.random.default_rng(seed).lognormal(sigma=1.5, size=2000))
    starts = np.arange(len(values) - 1)
    logs = np.log(values)
    exponents = tails._exponents(logs, starts)
    distances = [
        tails._gaps(logs, start, np.arange(start, len(logs)), exponents[start]).max()
        for start in starts
    ]
    best = int(np.argmin(distances))
    found = tails.best_tail(values, starts)
    assert found == (exponents[best], distances[best], values[best])


@pytest.mark.parametrize("exponent", [2.0, 3.0, 4.5])
def test_a_pareto_tail_of_known_exponent_is_found(exponent):
    uniform = np.random.default_rng(0).random(20_000)
    found = compute(np.sort((1 - uniform) ** (-1 / (exponent - 1))))
    # Standard error of Hill's estimator: (exponent − 1)/√(n/2); four of them.
    slack = 4 * (exponent - 1) / math.sqrt(10_000)
    assert found["alpha_mid"] == pytest.approx(exponent, abs=slack)
    assert found["alpha_peak"] == pytest.approx(exponent, abs=2 * slack)
    # The full search may settle on a short tail; its distance is small all the same.
    assert found["alpha"] == pytest.approx(exponent, abs=4 * slack)
    assert found["alpha_ks"] < 0.02


@pytest.mark.parametrize("values", [np.zeros(5), np.full(5, 2.0), np.array([2.0])])
def test_a_spectrum_without_different_values_has_no_tail(values):
    assert all(map(math.isnan, compute(values).values()))


def test_a_spectrum_too_wide_for_the_published_candidates_has_no_exponent():
    # Bins are 0.2 decades wide: the fullest begins at 10, and nothing lies between 1 and 15.
    values = np.array([1e-18, *np.linspace(15.3, 15.6, 50), 100.0])
    assert math.isnan(tails.alpha_peak(values))
    assert math.isfinite(compute(values)["alpha"])


def test_large_eigenvalues_do_not_overflow_the_alpha_norm():
    values = np.array([1e200, 2e200, 3e200])
    assert tails.log_alpha_norm(values, 4.0) == pytest.approx(
        800 + math.log10(1 + 2**4 + 3**4), rel=1e-12
    )
