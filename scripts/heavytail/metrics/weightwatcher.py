"""WeightWatcher's fit of the Marchenko-Pastur law, under WeightWatcher's names (version 0.7.7).

The variance of the law is fitted to a density of the spectrum. The metrics of
heavytail.metrics.marchenko_pastur take the matrix's own mean square in its place: `mp_softrank` is
their `mp_edge` times the square of `sigma_mp`.
"""

import numpy as np
from scipy.optimize import brute
from sklearn.neighbors import KernelDensity

from heavytail.spectra.spectrum import Spectrum

BANDWIDTH = 0.1
GRID = 1000
# Where the density is lower, it does not count.
THINNEST = 0.01
# A law whose bulk does not hold the peak of the density is so far from it everywhere.
OUTSIDE = 1000.0


def compute(spectrum: Spectrum) -> dict[str, float]:
    """sigma_mp, mp_softrank and num_spikes; nan for a zero matrix, a single row or column."""
    values = spectrum.eigenvalues
    if values[-1] == 0 or len(values) < 2:
        return dict.fromkeys(("sigma_mp", "mp_softrank", "num_spikes"), float("nan"))
    values = values * (len(values) / values.sum())
    sides = sorted((spectrum.rows, spectrum.columns))
    aspect = sides[1] / sides[0]
    sigma = _fitted(values, aspect)
    edge = (sigma * (1 + 1 / np.sqrt(aspect))) ** 2
    # So far beyond the edge the largest eigenvalue of a random matrix may be.
    margin = np.sqrt(edge ** (2 / 3) * sides[0] ** (-2 / 3) / np.sqrt(aspect))
    return {
        "sigma_mp": sigma,
        "mp_softrank": float(edge / values[-1]),
        "num_spikes": float((values > edge + margin).sum()),
    }


def _fitted(values: np.ndarray, aspect: float) -> float:
    """The σ of the law that is nearest to the density of the eigenvalues.

    A square matrix is compared by its singular values with a quarter circle.

    Args:
        values: float64 [n], ascending, mean 1.
        aspect: the larger side over the smaller.
    """
    fitted = np.sqrt(values) if aspect == 1 else values
    places = np.linspace(0, fitted[-1] + 0.5, GRID)
    density = _density(fitted, places)
    places, density = places[density > THINNEST], density[density > THINNEST]
    law = _quarter_circle if aspect == 1 else _marchenko_pastur

    def residual(sigma: np.ndarray) -> float:
        return float(np.square(law(float(sigma[0]), places, density, aspect) - density).sum())

    most = np.sqrt(values[-1]) / (1 + 1 / np.sqrt(aspect))
    found = brute(residual, (slice(0.05 * most, 2 * most, 0.01 * most),))
    return float(np.atleast_1d(found)[0])


def _density(values: np.ndarray, places: np.ndarray) -> np.ndarray:
    """The density of values by a triangular kernel, float64 like `places`.

    Its plateaus are level but for rounding, which decides where the peak is: so this is the very
    estimator that WeightWatcher uses.
    """
    kernel = KernelDensity(kernel="linear", bandwidth=BANDWIDTH).fit(values[:, None])
    return np.exp(kernel.score_samples(places[:, None]))


def _quarter_circle(
    sigma: float, places: np.ndarray, _density: np.ndarray, _aspect: float
) -> np.ndarray:
    """The quarter circle of radius 2, divided by σ²; nothing beyond it."""
    return np.sqrt(np.maximum(4 - np.square(places), 0)) / (np.pi * sigma**2)


def _marchenko_pastur(
    sigma: float, places: np.ndarray, density: np.ndarray, aspect: float
) -> np.ndarray:
    """The law's density; far away from any density if its bulk does not hold the peak."""
    low, high = ((sigma * (1 + sign / np.sqrt(aspect))) ** 2 for sign in (-1, 1))
    peak = places[density.argmax()]
    if not low <= peak <= high <= places[-1]:
        return density + OUTSIDE
    found, inside = np.zeros_like(places), (places > low) & (places < high)
    x = places[inside]
    found[inside] = np.sqrt((high - x) * (x - low)) * aspect / (2 * np.pi * sigma**2 * x)
    return found
