"""Densities of spectra on logarithmic axes, with the fitted tail and the Marchenko-Pastur law."""

import numpy as np

from heavytail.metrics.marchenko_pastur import cumulative
from heavytail.metrics.tails import BINS, peak_tail
from heavytail.spectra.spectrum import Spectrum

# Coarser than the histogram that finds the peak: a density is to be seen, not fitted.
SHOWN = 50
# What the two functions return.
DENSITY = ("eigenvalue", "density", "law")
TAIL = ("alpha", "start", "share", "largest", "edge", "fullest")


def density(spectrum: Spectrum) -> dict[str, np.ndarray]:
    """The density of the eigenvalues above rounding, in bins of equal width on a logarithmic axis.

    Returns:
        "eigenvalue", the geometric middles of the bins that hold any; "density", their share of all
        these eigenvalues over the bin's width; "law", the same of the Marchenko-Pastur law, nan
        where it has no mass. Each float64 [bins]; empty if fewer than two eigenvalues differ.
    """
    values = spectrum.nonzero
    if len(values) < 2 or values[0] == values[-1]:
        return {name: np.empty(0) for name in DENSITY}
    edges = np.geomspace(values[0], values[-1], SHOWN + 1)
    # Rounding must not lose the largest.
    edges[0], edges[-1] = values[0], values[-1]
    widths = np.diff(edges)
    shares = np.histogram(values, bins=edges)[0] / len(values)
    law = np.diff(cumulative(edges / spectrum.eigenvalues.mean(), _aspect(spectrum)))
    found = {
        "eigenvalue": np.sqrt(edges[:-1] * edges[1:]),
        "density": shares / widths,
        "law": np.where(law > 0, law, np.nan) / widths,
    }
    return {name: column[shares > 0] for name, column in found.items()}


def tail(spectrum: Spectrum) -> dict[str, float]:
    """What a plot draws over the density.

    Returns:
        "alpha" and "start", the exponent and first eigenvalue of alpha_peak's tail; "share", of
        the eigenvalues, that lies in it; "largest", the last of them; "edge", the upper edge of the
        Marchenko-Pastur law of the matrix's mean square; "fullest", how many of alpha_peak's bins
        hold as many eigenvalues as its peak does: from 2 on the peak is undecided, because the
        first is taken. All but "edge" are nan where no tail can be fitted.
    """
    values = spectrum.nonzero
    edge = spectrum.eigenvalues.mean() * (1 + np.sqrt(_aspect(spectrum))) ** 2
    found = dict.fromkeys(TAIL, float("nan")) | {"edge": float(edge)}
    if len(values) < 2 or values[0] == values[-1]:
        return found
    alpha, _distance, start = peak_tail(values)
    counts = np.histogram(np.log10(values), bins=BINS)[0]
    return found | {
        "alpha": alpha,
        "start": start,
        "share": float((values >= start).mean()),
        "largest": float(values[-1]),
        "fullest": float((counts == counts.max()).sum()),
    }


def _aspect(spectrum: Spectrum) -> float:
    """The smaller side over the larger."""
    sides = sorted((spectrum.rows, spectrum.columns))
    return sides[0] / sides[1]
