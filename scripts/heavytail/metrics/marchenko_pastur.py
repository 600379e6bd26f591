"""How far a spectrum is from the Marchenko-Pastur law of the shape and variance of its matrix.

This is the law of a matrix with independent entries of the same mean square. Spectra are divided by
their mean. So the mean of the law is 1 and its support is [(1 − √y)², (1 + √y)²], where y is the
smaller side over the larger. Marchenko and Pastur (1967); Martin and Mahoney, arXiv 1810.01075,
section 3.
"""

from functools import cache

import numpy as np

from heavytail.spectra.spectrum import Spectrum

BINS = 100
FLOOR = 1e-10
GRID = 4097


def compute(spectrum: Spectrum) -> dict[str, float]:
    """Every metric of this family; nan for a zero matrix, a single row or a single column."""
    aspect = min(spectrum.rows, spectrum.columns) / max(spectrum.rows, spectrum.columns)
    mean = spectrum.eigenvalues.mean()
    degenerate = mean == 0 or len(spectrum.eigenvalues) < 2
    values = np.ones(2) if degenerate else spectrum.eigenvalues / mean
    edge = (1 + np.sqrt(aspect)) ** 2
    count = len(values)
    ranks = np.arange(count)
    below = cumulative(values, aspect)
    offsets = values - quantiles(count, aspect)
    probabilities, law, width = _histograms(values, aspect)
    found = {
        "mp_edge": edge / values[-1],
        "mp_spikes": (values > edge).sum(),
        "mp_ks": max(np.max((ranks + 1) / count - below), np.max(below - ranks / count)),
        "mp_wasserstein1": np.abs(offsets).mean(),
        "mp_wasserstein2": np.sqrt(np.square(offsets).mean()),
        "mp_l2": np.sqrt(np.square(probabilities - law).sum() / width),
        "mp_kl": _kullback_leibler(probabilities, law),
    }
    return {name: float("nan") if degenerate else float(value) for name, value in found.items()}


def _survival(angle: np.ndarray, aspect: float) -> np.ndarray:
    """The law's mass above x = 1 + y + 2√y cos(angle), from the antiderivative in the angle."""
    root = np.sqrt(aspect)
    arctangent = np.arctan((1 - root) / (1 + root) * np.tan(np.minimum(angle, np.pi) / 2))
    integral = (1 + aspect) * angle - 2 * root * np.sin(angle) - 2 * (1 - aspect) * arctangent
    return integral / (2 * np.pi * aspect)


def cumulative(values: np.ndarray, aspect: float) -> np.ndarray:
    """The law's distribution function.

    Args:
        values: float64 [n], eigenvalues over their mean.
        aspect: y in (0, 1].
    """
    cosine = (values - 1 - aspect) / (2 * np.sqrt(aspect))
    return 1 - _survival(np.arccos(np.clip(cosine, -1.0, 1.0)), aspect)


@cache
def quantiles(count: int, aspect: float) -> np.ndarray:
    """The law's values at the levels (i − ½)/count, float64 [count], ascending."""
    angles = np.linspace(0, np.pi, GRID)
    levels = (np.arange(count) + 0.5) / count
    found = np.interp(1 - levels, _survival(angles, aspect), angles)
    return 1 + aspect + 2 * np.sqrt(aspect) * np.cos(found)


def _histograms(values: np.ndarray, aspect: float) -> tuple[np.ndarray, np.ndarray, float]:
    """Masses of the spectrum and of the law in 100 equal bins from 0 to the law's upper edge.

    One more bin, which counts as equally wide, holds everything beyond the edge. If the bins
    reached to the largest eigenvalue, a strong spike would put everything else into the first bin.
    """
    edges = np.linspace(0, (1 + np.sqrt(aspect)) ** 2, BINS + 1)
    counts = np.histogram(values, bins=edges)[0]
    masses = np.append(counts, len(values) - counts.sum()) / len(values)
    return masses, np.append(np.diff(cumulative(edges, aspect)), 0.0), edges[1]


def _kullback_leibler(masses: np.ndarray, law: np.ndarray) -> float:
    """KL divergence of the spectrum from the law in nats; the law's mass is at least a floor."""
    filled = masses > 0
    found = masses[filled]
    return float((found * np.log(found / np.maximum(law[filled], FLOOR))).sum())
