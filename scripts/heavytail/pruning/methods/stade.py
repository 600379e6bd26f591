"""STADE: weights times the deviations of their inputs, compared within output rows.

The mean of what goes is put into the bias (Coello de Portugal Mecke et al., arXiv 2503.22451).
"""

import torch

from heavytail.models.input_moments import InputMoments
from heavytail.pruning.selection import smallest_in_units

Statistic = InputMoments
REWRITES = False


def prune(
    weights: list[torch.Tensor],
    statistic: InputMoments,
    sparsities: list[float],
    group_size: int | None = None,
) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
    """Remove the floor(sparsity · columns) smallest w² · var(x) of each output row.

    Args:
        weights: float [rows, columns] each; all read the same inputs.
        statistic: that of the inputs.
        sparsities: in [0, 1], one for each matrix.
        group_size: M of N:M sparsity, which compares only M adjacent weights of a row.

    Returns:
        The weights as they are, and a mask of what to remove from each, bool [rows, columns].
    """
    # The root of the score has its order, and no small weight becomes zero.
    deviation = statistic.deviation()
    removed = [
        smallest_in_units(weight.abs() * deviation, sparsity, group_size or weight.shape[1])
        for weight, sparsity in zip(weights, sparsities, strict=True)
    ]
    return weights, removed


def bias(dense: torch.Tensor, pruned: torch.Tensor, statistic: InputMoments) -> torch.Tensor:
    """What the outputs need in addition so that their means stay, float64 [rows].

    That is Σ w · mean(x) over what was removed. If steps moved weights that stay, their change
    counts likewise, and this is still the bias with the least squared error.

    Args:
        dense, pruned: [rows, columns].
        statistic: that of the inputs.
    """
    return (dense.double() - pruned.double()) @ statistic.mean
