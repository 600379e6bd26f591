"""Norms, ranks and entropies of one spectrum."""

import numpy as np

from heavytail.spectra.spectrum import Spectrum

ENERGIES = (90, 95, 99)
# The threshold on singular values that the reference results use.
ZERO = 1e-5


def compute(spectrum: Spectrum) -> dict[str, float]:
    """Every metric of this family; all but rank_share are nan for a zero matrix."""
    values = spectrum.eigenvalues
    share = {"rank_share": float((values > ZERO**2).mean())}
    if values[-1] == 0:
        return dict.fromkeys(_of_nonzero(np.ones(1)), float("nan")) | share
    return _of_nonzero(spectrum.nonzero) | share


def _of_nonzero(values: np.ndarray) -> dict[str, float]:
    total, nats, rank = values.sum(), entropy(values), len(values)
    found = {
        "log_norm": np.log10(total),
        "log_spectral_norm": np.log10(values[-1]),
        "stable_rank": total / values[-1],
        "entropy": nats / np.log(rank) if rank > 1 else np.nan,
        "entropy_nats": nats,
        "effective_rank": np.exp(nats),
    }
    ranks = {f"energy_rank_{percent}": energy_rank(values, percent / 100) for percent in ENERGIES}
    return {name: float(value) for name, value in (found | ranks).items()}


def entropy(eigenvalues: np.ndarray) -> float:
    """−Σ p ln p of p = λ/Σλ, in nats, between 0 and ln n; nan if all eigenvalues are zero.

    Its exponential is the effective rank of Roy and Vetterli (2007) with p from squared singular
    values, as the reference results and WeightWatcher take them.

    Args:
        eigenvalues: float64 [n], not negative.
    """
    total = eigenvalues.sum()
    if total == 0:
        return float("nan")
    shares = eigenvalues[eigenvalues > 0] / total
    return float(-(shares * np.log(shares)).sum())


def energy_rank(eigenvalues: np.ndarray, share: float) -> int:
    """The number of largest eigenvalues that make up `share` of their sum (arXiv 2410.23819).

    Args:
        eigenvalues: float64 [n], ascending, not all zero.
        share: in (0, 1).
    """
    energy = np.cumsum(eigenvalues[::-1])
    return int(np.searchsorted(energy, share * energy[-1])) + 1
