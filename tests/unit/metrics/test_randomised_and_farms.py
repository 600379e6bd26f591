import math

import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon

from heavytail.metrics import farms_10, farms_15, randomised, tiles
from heavytail.metrics.tails import alpha_mid, alpha_peak
from heavytail.spectra.spectrum import Spectrum


def test_rand_distance_is_the_jensen_shannon_distance_of_the_two_vectors():
    first, second = np.sort(np.random.default_rng(0).random((2, 50)), axis=1)
    found = randomised.compute(Spectrum(50, 50, first, shuffled=second))["rand_distance"]
    assert found == pytest.approx(jensenshannon(first, second), rel=1e-9)
    same = randomised.compute(Spectrum(50, 50, first, shuffled=first))
    assert same == {"rand_distance": 0.0}


def test_a_zero_matrix_has_no_rand_distance():
    assert math.isnan(randomised.rand_distance(np.zeros(3), np.zeros(3)))


def test_alpha_mid_tiles_is_hills_estimate_of_the_pooled_submatrices():
    pooled = np.sort(np.random.default_rng(0).pareto(2.0, 5000) + 1)
    found = tiles.compute(Spectrum(10, 10, np.ones(10), submatrices=pooled))["alpha_mid_tiles"]
    assert found == alpha_mid(pooled) == pytest.approx(3.0, abs=0.2)


def test_farms_is_alphaprunings_exponent_of_the_pooled_windows():
    first, second = np.sort(np.random.default_rng(0).pareto(2.0, (2, 5000)) + 1, axis=1)
    spectrum = Spectrum(10, 10, np.ones(10), windows_10=first, windows_15=second)
    assert farms_10.compute(spectrum) == {"farms_10": alpha_peak(first)}
    assert farms_15.compute(spectrum) == {"farms_15": alpha_peak(second)}
