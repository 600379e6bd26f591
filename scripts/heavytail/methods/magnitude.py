"""Magnitude pruning: the smallest weights of each matrix go (Han et al., arXiv 1506.02626)."""

import torch

from heavytail.selection import removed_count, smallest

Statistic = None
REWRITES = False


def prune(
    weight: torch.Tensor, statistic: None, sparsity: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """Remove the floor(sparsity · entries) smallest |w| of the matrix.

    Args:
        weight: float32 [rows, columns].
        statistic: unused.
        sparsity: in [0, 1].

    Returns:
        The pruned weight, float32 [rows, columns], and what was removed, bool [rows, columns].
    """
    scores = weight.abs().reshape(1, -1)
    removed = smallest(scores, removed_count(sparsity, weight.numel())).reshape(weight.shape)
    return weight.masked_fill(removed, 0.0), removed
