import math

import numpy as np
import pytest

from heavytail.power_law import power_law


@pytest.mark.parametrize("s", [0.5, 1.0, 2.0])
def test_the_exponent_of_an_exact_power_law(s):
    count = 200
    found = power_law(3.0 * np.arange(1, count + 1) ** -s)
    assert found["s_fit"] == pytest.approx(s) and found["r_squared"] == pytest.approx(1.0)
    # Σ ln(λ_i/λ_K) = s (K ln K − ln K!): on ranks the estimate of s is low by ln(2πK)/2K.
    estimate = s * (math.log(count) - math.lgamma(count + 1) / count)
    assert found["s"] == pytest.approx(estimate) and found["s"] == pytest.approx(s, rel=0.02)
    assert found["beta"] == pytest.approx(1 + 1 / found["s"])
    assert found["critical"] == pytest.approx(1.36 / math.sqrt(200))
    assert found["power_law"] is True and found["eigenvalues"] == 200


def naive_distance(values: list[float], beta: float) -> float:
    """The largest gap between the law and the empirical distribution, before and at each step."""
    ascending, gaps = sorted(values), []
    for number, value in enumerate(ascending):
        law = 1 - (value / ascending[0]) ** (1 - beta)
        gaps += [abs(law - number / len(values)), abs(law - (number + 1) / len(values))]
    return max(gaps)


@pytest.mark.parametrize("beta", [1.7, 2.0, 3.0])
def test_a_pareto_sample_of_known_exponent_is_found(beta):
    count = 2000
    uniform = np.random.default_rng(0).random(count)
    values = np.sort((1 - uniform) ** (-1 / (beta - 1)))[::-1]
    found = power_law(values)
    # Standard error of the maximum-likelihood exponent: (β − 1)/√K; four of them.
    assert found["beta"] == pytest.approx(beta, abs=4 * (beta - 1) / math.sqrt(count))
    assert found["ks"] == pytest.approx(naive_distance(values.tolist(), found["beta"]))
    assert found["ks"] < found["critical"] and found["power_law"] is True


@pytest.mark.parametrize(
    "values",
    [
        np.exp(-0.1 * np.arange(200)),
        np.sort(np.random.default_rng(0).exponential(size=200))[::-1],
        np.linspace(10.0, 9.0, 200),
    ],
    ids=["geometric", "exponential sample", "linear"],
)
def test_other_spectra_are_no_power_law(values):
    found = power_law(values)
    assert found["ks"] == pytest.approx(naive_distance(values.tolist(), found["beta"]))
    assert found["ks"] > found["critical"] and found["power_law"] is False


def test_the_regression_is_that_of_the_logarithms():
    logs, ranks = np.random.default_rng(0).normal(size=30), np.log(np.arange(1, 31))
    logs = np.sort(logs)[::-1]
    slope, level = np.polyfit(ranks, logs, 1)
    found = power_law(np.exp(logs))
    assert found["s_fit"] == pytest.approx(-slope)
    unexplained = np.var(logs - slope * ranks - level) / np.var(logs)
    assert found["r_squared"] == pytest.approx(1 - unexplained) and unexplained > 0.01


def test_values_that_are_not_positive_are_dropped():
    values = np.arange(1, 21) ** -1.0
    assert power_law(np.append(values, [0.0, -3.0])) == power_law(values)


@pytest.mark.parametrize("values", [[], [2.0], [3.0, 3.0, 3.0], [1.0, 0.0, -1.0]])
def test_too_few_different_values_have_no_exponent(values):
    found = power_law(np.array(values))
    assert found.pop("power_law") is False
    assert found.pop("eigenvalues") == sum(value > 0 for value in values)
    assert len(found) == 6 and all(map(math.isnan, found.values()))
