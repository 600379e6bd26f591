"""The tail that begins near the peak of a smooth density."""

import numpy as np
from scipy.stats import gaussian_kde

from heavytail.spectra.spectrum import Spectrum

GRID = 512


def compute(spectrum: Spectrum) -> dict[str, float]:
    """alpha_smooth; nan if the spectrum has no tail."""
    return {"alpha_smooth": alpha_smooth(spectrum.nonzero)}


def alpha_smooth(eigenvalues: np.ndarray) -> float:
    """The power-law exponent of the tail that begins at the peak of a smooth density (Hill).

    `alpha_peak` takes the fullest bin of a histogram, of which there may be several, and then the
    best of many tails near it: one eigenvalue can change both choices. This makes neither. The
    density is that of Gaussian kernels over log10 λ, their width by Scott's rule.

    Args:
        eigenvalues: float64 [n], ascending, positive.
    """
    if len(eigenvalues) < 2 or eigenvalues[0] == eigenvalues[-1]:
        return float("nan")
    first = np.searchsorted(eigenvalues, 10 ** peak(np.log10(eigenvalues)))
    logs = np.log(eigenvalues[min(first, len(eigenvalues) - 2) :])
    excess = (logs - logs[0]).sum()
    return float(1 + len(logs) / excess) if excess > 0 else float("nan")


def peak(logs: np.ndarray) -> float:
    """Where the density of ascending numbers, not all equal, is largest.

    A parabola through the highest of 512 places and its neighbours finds it between them.
    """
    places = np.linspace(logs[0], logs[-1], GRID)
    density = gaussian_kde(logs)(places)
    top = int(np.clip(density.argmax(), 1, GRID - 2))
    left, middle, right = density[top - 1 : top + 2]
    bend = left - 2 * middle + right
    shift = np.clip((left - right) / (2 * bend), -1, 1) if bend < 0 else 0.0
    return float(places[top] + shift * (places[1] - places[0]))
