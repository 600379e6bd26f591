import math

import numpy as np
import pytest

from heavytail.metrics import fits
from heavytail.metrics.tails import full_search
from heavytail.spectra.spectrum import Spectrum


def compute(values: np.ndarray) -> dict[str, float]:
    return fits.compute(Spectrum(len(values), len(values), values))


@pytest.mark.parametrize("scale", [1.0, 1e-4, 1e6])
def test_exponential_rate_is_its_maximum_likelihood_at_any_scale(scale):
    values = scale * np.sort(np.random.default_rng(0).lognormal(size=400))
    tail = values[values >= full_search(values)[2]]
    found = compute(values)
    # The optimiser stops at a relative step of about 1e-4.
    assert found["EXP_lambda"] == pytest.approx(1 / (tail.mean() - tail[0]), rel=1e-3)
    law = 1 - np.exp(-(tail - tail[0]) / (tail.mean() - tail[0]))
    below, upto = np.arange(len(tail)) / len(tail), np.arange(1, len(tail) + 1) / len(tail)
    distance = max(np.abs(law - below).max(), np.abs(law - upto).max())
    assert found["EXP_ks"] == pytest.approx(distance, abs=1.5 / len(tail))


def test_a_truncated_tail_of_known_parameters_is_found():
    """x^(−2) e^(−x/20) above 1, drawn by rejection from the power law."""
    rng = np.random.default_rng(1)
    drawn = (1 - rng.random(20_000)) ** -1.0
    values = np.sort(drawn[rng.random(len(drawn)) < np.exp(-(drawn - 1) / 20)])
    found = compute(values)
    # The search may begin the tail later, where fewer values say less; neither changes the law.
    assert found["E_TPL_beta"] == pytest.approx(2.0, abs=0.1)
    assert found["E_TPL_lambda"] == pytest.approx(1 / 20, abs=0.015)
    assert found["E_TPL_ks"] < 0.02 < found["EXP_ks"]


@pytest.mark.parametrize("exponent", [3.5, 6.0])
def test_steep_tails_are_not_cut_off_at_the_package_s_own_bound(exponent):
    values = np.sort((1 - np.random.default_rng(2).random(4000)) ** (-1 / (exponent - 1)))
    found = compute(values)
    # Without truncation β is alpha; a little λ may stand for a little β.
    assert found["E_TPL_beta"] == pytest.approx(exponent, rel=0.1)
    assert found["E_TPL_lambda"] < 0.2 and found["E_TPL_ks"] < 0.03


def test_a_spectrum_of_equal_values_has_no_fit():
    assert all(map(math.isnan, compute(np.full(5, 2.0)).values()))
