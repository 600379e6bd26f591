"""Wanda: compare weights times input norms within output rows (Sun et al., arXiv 2306.11695)."""

import torch

from heavytail.models.input_norm import InputNorm
from heavytail.pruning.selection import require_numbers, smallest_in_units

Statistic = InputNorm
REWRITES = False


def prune(
    weights: list[torch.Tensor],
    statistic: InputNorm,
    sparsities: list[float],
    group_size: int | None = None,
) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
    """Remove the floor(sparsity · columns) smallest |w| · ‖x‖ of each output row (equation 1).

    Args:
        weights: float [rows, columns] each; all read the same inputs.
        statistic: that of the inputs.
        sparsities: in [0, 1], one for each matrix.
        group_size: M of N:M sparsity, which compares only M adjacent weights of a row.

    Returns:
        The weights as they are, and a mask of what to remove from each, bool [rows, columns].
    """
    norm = statistic.norm()
    removed = [
        smallest_in_units(
            require_numbers(weight.abs() * norm), sparsity, group_size or weight.shape[1]
        )
        for weight, sparsity in zip(weights, sparsities, strict=True)
    ]
    return weights, removed
