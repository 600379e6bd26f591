"""RIA: relative importance times input norms, compared over a matrix (Zhang et al., ICLR 2024).

The paper's permutation of input channels before N:M sparsity is not part of it.
"""

import torch

from heavytail.models.input_norm import InputNorm
from heavytail.pruning.selection import smallest_in_units

Statistic = InputNorm
REWRITES = False
# The paper's exponent of the input norms.
POWER = 0.5


def prune(
    weights: list[torch.Tensor],
    statistic: InputNorm,
    sparsities: list[float],
    group_size: int | None = None,
) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
    """Remove the floor(sparsity · entries) smallest scores of each matrix.

    The score of a weight is its share of its row's magnitudes plus its share of its column's, times
    the norm of its input to the power 1/2.

    Args:
        weights: float [rows, columns] each, all of the same inputs.
        statistic: of the inputs.
        sparsities: in [0, 1], one for each matrix.
        group_size: M of N:M sparsity, which compares only M weights that adjoin in a row.

    Returns:
        The weights as they are, and what is to be removed of each, bool [rows, columns].
    """
    norm = statistic.norm() ** POWER
    removed = [
        smallest_in_units(
            relative_importance(weight) * norm, sparsity, group_size or weight.numel()
        )
        for weight, sparsity in zip(weights, sparsities, strict=True)
    ]
    return weights, removed


def relative_importance(weight: torch.Tensor) -> torch.Tensor:
    """Each magnitude over the sum of its row plus the same over that of its column."""
    magnitudes = weight.abs()
    # A row or column of zeros has no shares: its weights count for nothing.
    least = torch.finfo(weight.dtype).tiny
    rows = magnitudes.sum(dim=1, keepdim=True).clamp_min(least)
    columns = magnitudes.sum(dim=0, keepdim=True).clamp_min(least)
    return magnitudes / rows + magnitudes / columns
