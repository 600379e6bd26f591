import math

import numpy as np
import pytest
import torch
from scipy import integrate, optimize, stats

from heavytail.metrics import marchenko_pastur
from heavytail.metrics.marchenko_pastur import cumulative, quantiles
from heavytail.spectra import gram
from heavytail.spectra.spectrum import Spectrum

ASPECTS = (1.0, 0.5, 0.05)


def density(x: float, aspect: float) -> float:
    """The textbook's law of unit variance."""
    low, high = (1 - math.sqrt(aspect)) ** 2, (1 + math.sqrt(aspect)) ** 2
    return math.sqrt(max((high - x) * (x - low), 0.0)) / (2 * math.pi * aspect * x)


def gaussian(rows: int, columns: int, seed: int = 0) -> Spectrum:
    weight = 3 * torch.randn(rows, columns, generator=torch.Generator().manual_seed(seed))
    return Spectrum(rows, columns, gram.eigenvalues(weight).numpy())


@pytest.mark.parametrize("aspect", ASPECTS)
def test_the_distribution_is_the_integral_of_the_density(aspect):
    low, high = (1 - math.sqrt(aspect)) ** 2, (1 + math.sqrt(aspect)) ** 2
    for x in np.linspace(low, high, 7)[1:]:
        mass, error = integrate.quad(density, low, x, args=(aspect,), limit=500)
        assert cumulative(np.array([x]), aspect)[0] == pytest.approx(mass, abs=error + 1e-6)
    assert cumulative(np.array([low / 2, high * 2]), aspect) == pytest.approx([0, 1], abs=1e-12)


@pytest.mark.parametrize("aspect", ASPECTS)
def test_quantiles_invert_the_distribution_and_have_mean_one(aspect):
    found = quantiles(1000, aspect)
    assert np.all(np.diff(found) > 0)
    # The grid's linear interpolation is good to its step squared, 6e-7.
    assert cumulative(found, aspect) == pytest.approx((np.arange(1000) + 0.5) / 1000, abs=2e-6)
    assert found.mean() == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("shape", [(500, 500), (300, 900), (900, 300)])
def test_a_gaussian_matrix_follows_the_law(shape):
    found = marchenko_pastur.compute(gaussian(*shape))
    # Eigenvalues are rigid: distances are of order 1/n; a histogram's bin of 3 to 5 is off by 1.
    assert found["mp_ks"] < 0.02
    assert found["mp_wasserstein1"] < 0.02 and found["mp_wasserstein2"] < 0.03
    assert found["mp_kl"] < 0.1 and found["mp_l2"] < 0.2
    # Tracy and Widom: the largest eigenvalue is at the edge up to n^(-2/3).
    assert found["mp_edge"] == pytest.approx(1, abs=0.05) and found["mp_spikes"] <= 2


def test_spikes_are_counted():
    generator = torch.Generator().manual_seed(0)
    weight = torch.randn(400, 400, generator=generator)
    spikes = torch.randn(2, 400, 5, generator=generator)
    # Rank five, each direction far beyond the threshold of Baik, Ben Arous and Péché.
    weight += 0.5 * spikes[0] @ spikes[1].T / math.sqrt(400) * 10
    values = gram.eigenvalues(weight).numpy()
    found = marchenko_pastur.compute(Spectrum(400, 400, values))
    assert found["mp_spikes"] == 5 and found["mp_edge"] < 0.3


def test_distances_equal_their_naive_definitions():
    spectrum = gaussian(60, 90)
    aspect, values = 60 / 90, spectrum.eigenvalues / spectrum.eigenvalues.mean()
    found = marchenko_pastur.compute(spectrum)
    expected = stats.kstest(values, lambda x: cumulative(np.asarray(x), aspect)).statistic
    assert found["mp_ks"] == pytest.approx(expected, rel=1e-9)
    # A fine sample of the law stands for the law: good to its spacing.
    law = quantiles(100_000, aspect)
    assert found["mp_wasserstein1"] == pytest.approx(
        stats.wasserstein_distance(values, law), abs=5e-3
    )
    levels = (np.arange(60) + 0.5) / 60
    exact = [
        optimize.brentq(lambda x, level: cumulative(np.array([x]), aspect)[0] - level, 0, 4, (u,))
        for u in levels
    ]
    squares = [(value - quantile) ** 2 for value, quantile in zip(values, exact, strict=True)]
    # The quantiles' grid is good to 2e-6.
    assert found["mp_wasserstein2"] == pytest.approx(math.sqrt(sum(squares) / 60), abs=1e-5)


def test_the_histograms_distances_equal_their_naive_definitions():
    spectrum = gaussian(60, 90)
    aspect, values = 60 / 90, spectrum.eigenvalues / spectrum.eigenvalues.mean()
    width, squares, divergence = (1 + math.sqrt(aspect)) ** 2 / 100, 0.0, 0.0
    for number in range(101):  # the last one holds all that is beyond the law
        left, right = number * width, (number + 1) * width if number < 100 else math.inf
        p = sum(left <= v < right for v in values) / 60
        q = float(np.diff(cumulative(np.array([left, min(right, 9.0)]), aspect))[0])
        squares += (p / width - q / width) ** 2 * width
        divergence += p * math.log(p / max(q, 1e-10)) if p else 0.0
    found = marchenko_pastur.compute(spectrum)
    assert found["mp_l2"] == pytest.approx(math.sqrt(squares), rel=1e-6)
    assert found["mp_kl"] == pytest.approx(divergence, rel=1e-6)


def test_every_distance_grows_with_a_spike():
    """Also where it is so strong that the rest of the spectrum shrinks beside it."""
    weight = torch.randn(300, 300, generator=torch.Generator().manual_seed(0))
    direction = torch.full((300, 300), 1 / 300)
    found = [
        marchenko_pastur.compute(
            Spectrum(300, 300, gram.eigenvalues(weight + strength * direction).numpy())
        )
        for strength in (0, 100, 1000, 10_000)
    ]
    for name in ("mp_ks", "mp_wasserstein1", "mp_wasserstein2", "mp_l2", "mp_kl"):
        distances = [values[name] for values in found]
        assert distances == sorted(distances) and distances[-1] > 5 * distances[0], name


@pytest.mark.parametrize("spectrum", [Spectrum(3, 4, np.zeros(3)), Spectrum(1, 9, np.ones(1))])
def test_a_zero_matrix_and_a_single_row_have_no_law(spectrum):
    assert all(map(math.isnan, marchenko_pastur.compute(spectrum).values()))
