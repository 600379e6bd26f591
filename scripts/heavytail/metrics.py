"""Metrics of one spectrum.

Each takes the eigenvalues of WᵀW, float64 [n], ascending and not negative, and returns a float.
For all of them a larger value means a flatter spectrum with a lighter tail, hence a matrix that a
spectral allocation prunes more.
"""

import numpy as np

BINS = 100


def _tail_fits(values: np.ndarray, starts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Power-law exponent and Kolmogorov-Smirnov distance of the tails that begin at `starts`.

    The density of the tail is proportional to x^(-alpha); alpha is the maximum-likelihood (Hill)
    estimate of Clauset, Shalizi and Newman (arXiv 0706.1062, equation 3.1).
    """
    logs, size = np.log(values), len(values)
    suffix = np.cumsum(logs[::-1])[::-1]
    alphas, distances = np.empty(len(starts)), np.empty(len(starts))
    for slot, start in enumerate(starts):
        count = size - start
        excess = suffix[start] - count * logs[start]
        if excess <= 0:  # all values of this tail are equal: no power law fits
            alphas[slot] = distances[slot] = np.inf
            continue
        alphas[slot] = 1 + count / excess
        survival = np.exp((1 - alphas[slot]) * (logs[start:] - logs[start]))
        distances[slot] = np.abs(1 - survival - np.arange(count) / count).max()
    return alphas, distances


def alpha_peak(eigenvalues: np.ndarray) -> float:
    """The power-law exponent whose tail begins near the peak of the logarithmic spectrum.

    Candidates for the tail's first value lie between log10(0.95 peak) and 1.5 peak, the published
    rule to the letter (the lower bound compares a logarithm with raw eigenvalues and so barely
    binds); the candidate with the least Kolmogorov-Smirnov distance wins. AlphaPruning, arXiv
    2410.10912, section 3; the peak is the left edge of the fullest of 100 bins. Eigenvalues that
    are exactly zero have no logarithm and take no part.
    """
    values = eigenvalues[eigenvalues > 0]
    if len(values) < 2 or values[0] == values[-1]:
        return float("nan")
    counts, edges = np.histogram(np.log10(values), bins=BINS)
    peak = 10 ** edges[counts.argmax()]
    lower, upper = np.log10(0.95 * peak), 1.5 * peak
    starts = np.flatnonzero((values >= lower) & (values <= upper))
    starts = starts[starts < len(values) - 1]
    if not len(starts):
        return float("nan")
    alphas, distances = _tail_fits(values, starts)
    return float(alphas[distances.argmin()])


def alpha_mid(eigenvalues: np.ndarray) -> float:
    """The power-law exponent of the upper half of the spectrum (Hill's estimator, k = n/2).

    Eigenvalues that are exactly zero have no logarithm and take no part, n included.
    """
    values = eigenvalues[eigenvalues > 0]
    if len(values) < 2 or values[0] == values[-1]:
        return float("nan")
    return float(_tail_fits(values, np.array([len(values) // 2]))[0][0])


def stable_rank(eigenvalues: np.ndarray) -> float:
    """‖W‖²_F / ‖W‖²_2, between 1 and the rank."""
    return float(eigenvalues.sum() / eigenvalues[-1]) if eigenvalues[-1] > 0 else float("nan")


def entropy(eigenvalues: np.ndarray) -> float:
    """−Σ p ln p of p = λ/Σλ, in nats, between 0 and ln n."""
    total = eigenvalues.sum()
    if total == 0:
        return float("nan")
    shares = eigenvalues[eigenvalues > 0] / total
    return float(-(shares * np.log(shares)).sum())


METRICS = {
    "alpha_peak": alpha_peak,
    "alpha_mid": alpha_mid,
    "stable_rank": stable_rank,
    "entropy": entropy,
}
