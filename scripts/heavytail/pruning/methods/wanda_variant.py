"""Wanda's variant with adaptive ratios: rows lose equal shares of their scores' sum.

The published code searches for the share α at which the matrix reaches its sparsity, each row
losing its smallest scores while their sum is at most α of the row's (Sun et al., arXiv 2306.11695,
`use_variant`). The search's limit is had at once: the weights go in the order of the share that
they bring their row to.
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
    """Remove floor(sparsity · entries) of each matrix, from each row its smallest |w| · ‖x‖.

    Args:
        weights: float [rows, columns] each, all of the same inputs.
        statistic: of the inputs.
        sparsities: in [0, 1], one for each matrix.
        group_size: must be None.

    Returns:
        The weights as they are, and what is to be removed of each, bool [rows, columns].

    Raises:
        ValueError: N:M sparsity is asked for, which compares no whole rows.
    """
    if group_size is not None:
        raise ValueError(f"wanda_variant compares whole rows and knows no groups of {group_size}")
    removed, norm = [], statistic.norm()
    for weight, sparsity in zip(weights, sparsities, strict=True):
        scores, order = (weight.abs() * norm).sort(dim=1, stable=True)
        sums = scores.cumsum(dim=1, dtype=torch.float64)
        # A row of zeros is worth nothing: it goes first.
        totals = sums[:, -1:]
        shares = sums / torch.where(totals == 0, 1.0, totals)
        shares = require_numbers(shares).reshape(1, -1)
        marked = smallest(shares, removed_count(sparsity, weight.numel()))
        removed.append(torch.zeros_like(marked).reshape(weight.shape))
        removed[-1].scatter_(1, order, marked.reshape(weight.shape))
    return weights, removed
