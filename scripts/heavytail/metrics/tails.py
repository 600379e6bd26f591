"""Power-law tails of one spectrum: exponents, and numbers that are computed from them."""

import numpy as np

from heavytail.spectra.spectrum import Spectrum

BINS = 100
# The fit of a tail is probed at so many positions before it is measured in full.
PROBES = 32


def compute(spectrum: Spectrum) -> dict[str, float]:
    """Every metric of this family; nan if the spectrum has no tail."""
    values = spectrum.nonzero
    exponent, distance, _start = full_search(values)
    largest = np.log10(values[-1]) if len(values) else np.nan
    return {
        "alpha_peak": alpha_peak(values),
        "alpha_mid": alpha_mid(values),
        "alpha": exponent,
        "alpha_ks": distance,
        "alpha_weighted": float(exponent * largest),
        "log_alpha_norm": log_alpha_norm(values, exponent),
    }


def _exponents(logs: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """The exponent of the tail that begins at each of `starts`; inf if all its values are equal.

    The density of the tail is proportional to x^(-alpha); alpha is the maximum-likelihood (Hill)
    estimate of Clauset, Shalizi and Newman (arXiv 0706.1062, equation 3.1).
    """
    counts = len(logs) - starts
    excess = np.cumsum(logs[::-1])[::-1][starts] - counts * logs[starts]
    with np.errstate(divide="ignore"):
        return 1 + counts / np.where(excess > 0, excess, 0.0)


def _gaps(logs: np.ndarray, start: np.ndarray, tail: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """|fitted − empirical distribution| of tails at the indices `tail`, which broadcast."""
    fitted = 1 - np.exp((1 - alpha) * (logs[tail] - logs[start]))
    return np.abs(fitted - (tail - start) / (len(logs) - start))


def best_tail(values: np.ndarray, starts: np.ndarray) -> tuple[float, float, float]:
    """Exponent, Kolmogorov-Smirnov distance and first value of the best tail among `starts`.

    Every tail is first probed at a few of its positions, which gives a lower bound of its distance.
    Then tails are measured in full, the most promising first, until no bound is below the best
    distance. So the result is the same as if all tails were measured, at a small part of the cost.

    Args:
        values: float64 [n], ascending, positive.
        starts: int [k], ascending indices below n − 1.

    Returns:
        Three times nan if no candidate has values that differ.
    """
    logs = np.log(values)
    alphas = _exponents(logs, starts)
    starts, alphas = starts[np.isfinite(alphas)], alphas[np.isfinite(alphas)]
    if not len(starts):
        return float("nan"), float("nan"), float("nan")
    first, exponent = starts[:, None], alphas[:, None]
    probed = first + (len(logs) - first) * np.arange(PROBES) // PROBES
    bounds = _gaps(logs, first, probed, exponent).max(axis=1)
    best = (np.inf, 0)
    for slot in np.argsort(bounds, kind="stable"):
        if bounds[slot] > best[0]:
            break
        tail = np.arange(starts[slot], len(logs))
        distance = _gaps(logs, starts[slot], tail, alphas[slot]).max()
        best = min(best, (distance, slot))
    distance, slot = best
    return float(alphas[slot]), float(distance), float(values[starts[slot]])


def _positive(eigenvalues: np.ndarray) -> np.ndarray | None:
    """The eigenvalues that have a logarithm; None if no tail can be fitted to them."""
    values = eigenvalues[eigenvalues > 0]
    return None if len(values) < 2 or values[0] == values[-1] else values


def alpha_peak(eigenvalues: np.ndarray) -> float:
    """The power-law exponent whose tail begins near the peak of the logarithmic spectrum.

    The peak is the left edge of the fullest of 100 bins. Candidates for the first value of the tail
    are between log10(0.95 peak) and 1.5 peak, exactly as published (AlphaPruning, arXiv 2410.10912,
    section 3). The lower bound compares a logarithm with raw eigenvalues, so it excludes hardly
    anything. The candidate with the least Kolmogorov-Smirnov distance is chosen. Eigenvalues that
    are exactly zero have no logarithm and are left out.

    Args:
        eigenvalues: float64 [n], ascending, not negative.
    """
    values = _positive(eigenvalues)
    if values is None:
        return float("nan")
    counts, edges = np.histogram(np.log10(values), bins=BINS)
    peak = 10 ** edges[counts.argmax()]
    lower, upper = np.log10(0.95 * peak), 1.5 * peak
    starts = np.flatnonzero((values >= lower) & (values <= upper))
    return best_tail(values, starts[starts < len(values) - 1])[0]


def alpha_mid(eigenvalues: np.ndarray) -> float:
    """The power-law exponent of the upper half of the spectrum (Hill's estimator, k = n/2).

    Eigenvalues that are exactly zero have no logarithm and are left out, also from n.

    Args:
        eigenvalues: float64 [n], ascending, not negative.
    """
    values = _positive(eigenvalues)
    if values is None:
        return float("nan")
    middle = np.array([len(values) // 2])
    found = _exponents(np.log(values), middle)[0]
    return float(found) if np.isfinite(found) else float("nan")


def full_search(eigenvalues: np.ndarray) -> tuple[float, float, float]:
    """WeightWatcher's alpha: every eigenvalue but the last may begin the tail.

    Args:
        eigenvalues: float64 [n], ascending, not negative.

    Returns:
        The exponent with the least Kolmogorov-Smirnov distance, this distance, and the first value
        of the tail.
    """
    values = _positive(eigenvalues)
    if values is None:
        return float("nan"), float("nan"), float("nan")
    return best_tail(values, np.arange(len(values) - 1))


def log_alpha_norm(eigenvalues: np.ndarray, exponent: float) -> float:
    """log10 Σ λ^α, the logarithm of the α-Schatten norm to the power of 2α (arXiv 2202.02842)."""
    values = _positive(eigenvalues)
    if values is None or np.isnan(exponent):
        return float("nan")
    logs = exponent * np.log10(values)
    # Powers of large eigenvalues overflow, so the largest is taken out of the sum.
    return float(logs[-1] + np.log10(np.sum(10 ** (logs - logs[-1]))))
