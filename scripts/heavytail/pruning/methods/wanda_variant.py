"""Wanda's variant with adaptive ratios: all rows lose the same share of the sum of their scores.

In the published code (Sun et al., arXiv 2306.11695, `use_variant`) each row loses its smallest
scores as long as their sum is at most the share α of the row's sum. The code searches for the α at
which the matrix reaches its sparsity. Here the limit of that search is computed directly: each
weight is ranked by the share that its row has lost once the weight is removed.
"""

import torch

from heavytail.models.input_norm import InputNorm
from heavytail.pruning.selection import removed_count, require_numbers, smallest

Statistic = InputNorm
REWRITES = False


def prune(
    weights: list[torch.Tensor],
    statistic: InputNorm,
    sparsities: list[float],
    group_size: int | None = None,
) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
    """Remove floor(sparsity · entries) weights of each matrix, in each row the smallest |w| · ‖x‖.

    Args:
        weights: float [rows, columns] each; all read the same inputs.
        statistic: that of the inputs.
        sparsities: in [0, 1], one for each matrix.
        group_size: must be None.

    Returns:
        The weights as they are, and a mask of what to remove from each, bool [rows, columns].

    Raises:
        ValueError: the sparsity is N:M, but this method compares whole rows.
    """
    if group_size is not None:
        raise ValueError(f"wanda_variant compares whole rows and has no groups of {group_size}")
    removed, norm = [], statistic.norm()
    for weight, sparsity in zip(weights, sparsities, strict=True):
        scores, order = (weight.abs() * norm).sort(dim=1, stable=True)
        sums = scores.cumsum(dim=1, dtype=torch.float64)
        # A row of zeros is worth nothing and is removed first.
        totals = sums[:, -1:]
        shares = sums / torch.where(totals == 0, 1.0, totals)
        shares = require_numbers(shares).reshape(1, -1)
        marked = smallest(shares, removed_count(sparsity, weight.numel()))
        removed.append(torch.zeros_like(marked).reshape(weight.shape))
        removed[-1].scatter_(1, order, marked.reshape(weight.shape))
    return weights, removed
