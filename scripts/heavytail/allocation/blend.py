"""Blend ratios with the importance of blocks, which follows from gradients."""

import numpy as np

# The gradient alone never removes a whole block.
CEILING = 0.99


def gradient_ratios(
    norms: np.ndarray, target: float, segments: list[list[int]] | None
) -> np.ndarray:
    """Ratios that are lower for a block with a larger gradient.

    Importance is ln(1 + norm), scaled linearly to [0, 1]. The ratios are proportional to
    1 − importance, have the target as their mean, and are at most 0.99.

    Args:
        norms: the norm of the gradient of each block, float64 [blocks].
        target: sparsity in (0, 1).
        segments: a block counts with the norm of its whole segment; if None, with its own.

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
    """weight · ratios + (1 − weight) · others."""
    return weight * ratios + (1 - weight) * others
