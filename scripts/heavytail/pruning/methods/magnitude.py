"""Magnitude pruning: remove the smallest weights of each matrix (Han et al., arXiv 1506.02626)."""

import torch

from heavytail.pruning.selection import require_numbers, smallest_in_units

Statistic = None
REWRITES = False


def prune(
    weights: list[torch.Tensor],
    statistic: None,
    sparsities: list[float],
    group_size: int | None = None,
) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
    """Remove the floor(sparsity · entries) smallest |w| of each matrix.

    Args:
        weights: float [rows, columns] each.
        statistic: unused.
        sparsities: in [0, 1], one for each matrix.
        group_size: M of N:M sparsity, which compares only M adjacent weights of a row.

    Returns:
        The weights as they are, and a mask of what to remove from each, bool [rows, columns].
    """
    removed = [
        smallest_in_units(require_numbers(weight.abs()), sparsity, group_size or weight.numel())
        for weight, sparsity in zip(weights, sparsities, strict=True)
    ]
    return weights, removed
