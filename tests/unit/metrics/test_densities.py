"""Densities and tails as plots show them."""

import numpy as np
import pytest

from heavytail.metrics.densities import density, tail
from heavytail.metrics.tails import alpha_peak
from heavytail.spectra.spectrum import Spectrum


def spectrum_of(values: np.ndarray) -> Spectrum:
    return Spectrum(len(values), 2 * len(values), np.sort(values))


def test_a_density_has_all_eigenvalues_in_it():
    values = np.random.default_rng(0).lognormal(0, 2, 300)
    found = density(spectrum_of(values))
    edges = np.geomspace(values.min(), values.max(), 51)
    assert len(found["eigenvalue"]) < 50, "empty bins have no density on a logarithmic axis"
    widths = np.diff(edges)[np.searchsorted(edges, found["eigenvalue"]) - 1]
    assert (found["density"] * widths).sum() == pytest.approx(1)


def test_a_random_matrix_follows_the_law():
    weights = np.random.default_rng(1).normal(0, 0.1, (400, 800))
    values = np.linalg.eigvalsh(weights @ weights.T)
    found = density(Spectrum(400, 800, values))
    known = np.isfinite(found["law"])
    gaps = np.abs(np.log(found["density"] / found["law"]))[known]
    assert known.mean() > 0.9 and np.median(gaps) < 0.15
    assert tail(Spectrum(400, 800, values))["edge"] == pytest.approx(values[-1], rel=0.05)


def test_a_tail_is_that_of_alpha_peak():
    values = np.random.default_rng(2).pareto(1.5, 2000) + 1
    found = tail(spectrum_of(values))
    assert found["alpha"] == alpha_peak(np.sort(values)) == pytest.approx(2.5, abs=0.2)
    assert found["share"] == (values >= found["start"]).mean() > 0.5
    assert found["start"] in values and found["largest"] == values.max()


def test_ties_of_the_fullest_bin_are_counted():
    # 100 bins over [0, 1]: three of them hold two values each.
    logs = np.array([0.0, 0.201, 0.202, 0.5, 0.601, 0.602, 0.801, 0.802, 1.0])
    assert tail(spectrum_of(10**logs))["fullest"] == 3
    assert tail(spectrum_of(10 ** np.append(logs, 0.603)))["fullest"] == 1


def test_without_two_different_eigenvalues_there_is_nothing_to_draw():
    for values in (np.ones(4), np.zeros(4), np.array([2.0])):
        assert all(len(column) == 0 for column in density(spectrum_of(values)).values())
        assert np.isnan(tail(spectrum_of(values))["alpha"])
