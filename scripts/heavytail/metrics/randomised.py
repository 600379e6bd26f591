"""How far a spectrum is from the spectrum of the same entries in random order."""

import numpy as np

from heavytail.spectra.spectrum import Spectrum


def compute(spectrum: Spectrum) -> dict[str, float]:
    """rand_distance; nan for a zero matrix."""
    assert spectrum.shuffled is not None, "this family's row reads shuffled_spectra"
    return {"rand_distance": rand_distance(spectrum.eigenvalues, spectrum.shuffled)}


def rand_distance(eigenvalues: np.ndarray, shuffled: np.ndarray) -> float:
    """Jensen-Shannon distance of two spectra, each divided by its sum, between 0 and √(ln 2).

    The spectra are compared as vectors, eigenvalue by eigenvalue in ascending order, as
    WeightWatcher and arXiv 2202.02842 do.

    Args:
        eigenvalues: float64 [n], ascending.
        shuffled: float64 [n], ascending, of the matrix with its entries shuffled.
    """
    if eigenvalues[-1] == 0:
        return float("nan")
    first, second = eigenvalues / eigenvalues.sum(), shuffled / shuffled.sum()
    middle = (first + second) / 2
    halves = [p[p > 0] @ np.log(p[p > 0] / middle[p > 0]) for p in (first, second)]
    return float(np.sqrt(max(sum(halves) / 2, 0.0)))
