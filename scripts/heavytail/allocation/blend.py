"""Ratios blended with the importance of blocks, as gradients tell it."""

import numpy as np

# No block goes altogether on the word of its gradient.
CEILING = 0.99


def gradient_ratios(
    norms: np.ndarray, target: float, segments: list[list[int]] | None
) -> np.ndarray:
    """Less sparsity the larger a block's gradient is.

    Importance is the logarithm of 1 + norm, brought to [0, 1]; the ratios are 1 − importance with
    the target as their mean, at most 0.99.

    Args:
        norms: float64 [blocks], of the gradient of each block.
        target: sparsity in (0, 1).
        segments: a block counts with the norm of its whole segment; None: with its own.

    Returns:
        float64 [blocks].
    """
    norms = norms.copy()
    for run in segments or []:
        norms[run] = np.sqrt((norms[run] ** 2).sum())
    logarithms = np.log1p(norms)
    spread = logarithms.max() - logarithms.min()
    if spread == 0:
        return np.full(len(norms), target)
    unimportance = (logarithms.max() - logarithms) / spread
    return np.clip(unimportance * target / unimportance.mean(), 0.0, CEILING)


def blended(ratios: np.ndarray, others: np.ndarray, weight: float) -> np.ndarray:
    """w · r + (1 − w) · g."""
    return weight * ratios + (1 - weight) * others
