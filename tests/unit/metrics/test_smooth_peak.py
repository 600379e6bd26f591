import math

import numpy as np
import pytest

from heavytail.metrics import smooth_peak
from heavytail.metrics.smooth_peak import alpha_smooth
from heavytail.spectra.spectrum import Spectrum


def test_the_exponent_is_that_of_the_tail_from_the_peak_on():
    values = np.sort(np.random.default_rng(0).lognormal(sigma=1.5, size=500))
    first = 10 ** smooth_peak.peak(np.log10(values))
    tail = [value for value in values.tolist() if value >= first]
    expected = 1 + len(tail) / math.fsum(math.log(value / tail[0]) for value in tail)
    assert smooth_peak.compute(Spectrum(500, 500, values)) == {
        "alpha_smooth": pytest.approx(expected, rel=1e-9)
    }


def test_the_peak_of_a_density_is_found_between_its_places():
    # So many quantiles of a normal distribution have its density: the peak is its mean.
    from scipy.stats import norm

    logs = norm.ppf((np.arange(4000) + 0.5) / 4000, loc=0.321)
    assert smooth_peak.peak(logs) == pytest.approx(0.321, abs=1e-6)


def test_it_moves_little_if_an_eigenvalue_goes():
    """Where the histogram's peak hangs on ties and alpha_peak jumps."""
    values = np.sort(np.random.default_rng(1).lognormal(sigma=1.0, size=300))
    found = [alpha_smooth(np.delete(values, place)) for place in range(0, 300, 7)]
    assert max(found) - min(found) < 0.1


@pytest.mark.parametrize("values", [np.zeros(0), np.full(5, 2.0), np.array([2.0])])
def test_without_different_values_there_is_no_tail(values):
    assert math.isnan(alpha_smooth(values))
