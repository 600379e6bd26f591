"""ROSE: SparseGPT that takes the columns with the largest losses first (arXiv 2603.05878).

What SparseGPT removes early, more columns are left to compensate for. Each group of 128 columns is
sorted by the loss that Wanda's mask causes in a column, and the groups are sorted by theirs. A
matrix whose groups hardly differ keeps its order.
"""

import torch

from heavytail.pruning.methods import sparsegpt
from heavytail.pruning.selection import check_units, smallest_in_units

Statistic = sparsegpt.Statistic
REWRITES = True
# By how much of the largest group's loss the losses must differ.
SPREAD = 0.5


def prune(
    weights: list[torch.Tensor],
    statistic: sparsegpt.Statistic,
    sparsities: list[float],
    group_size: int | None = None,
) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
    """SparseGPT's updated weights and masks, its columns in the order of their losses.

    Args:
        weights: float [rows, columns] each, all of the same inputs.
        statistic: of the inputs.
        sparsities: in [0, 1], one for each matrix.
        group_size: M of N:M sparsity: only whole groups of M change places.

    Returns:
        The updated weights, and what was removed of each, bool [rows, columns].
    """
    columns = weights[0].shape[1]
    check_units(columns, group_size or 1)
    norms = statistic.total.diagonal().sqrt()
    updated, masks = [], []
    for weight, sparsity in zip(weights, sparsities, strict=True):
        order = order_of(weight.abs() * norms, sparsity, group_size)
        sorted_inputs = reordered(statistic, order)
        (found,), (removed,) = sparsegpt.prune(
            [weight[:, order]], sorted_inputs, [sparsity], group_size
        )
        places = order.argsort()
        updated.append(found[:, places])
        masks.append(removed[:, places])
    return updated, masks


def order_of(scores: torch.Tensor, sparsity: float, group_size: int | None) -> torch.Tensor:
    """The columns in the order in which they are pruned, int64 [columns].

    Args:
        scores: Wanda's, float [rows, columns].
        sparsity: in [0, 1].
        group_size: M of N:M sparsity.
    """
    orders, losses, start = [], [], 0
    for group in scores.split(group_size or sparsegpt.GROUP, dim=1):
        gone = smallest_in_units(group.contiguous(), sparsity, group_size or group.numel())
        loss = (group * gone).sum(dim=0)
        # Inside a group of N:M, whose weights are compared with each other, order is nothing.
        inner = torch.arange(len(loss), device=loss.device)
        inner = inner if group_size else loss.argsort(descending=True, stable=True)
        orders.append(start + inner)
        # The last group may have fewer columns: it counts by its mean, as the others do.
        losses.append(loss.mean())
        start += len(loss)
    total = torch.stack(losses)
    if total.max() - total.min() <= SPREAD * total.max():
        return torch.arange(start, device=scores.device)
    ranked = total.argsort(descending=True, stable=True).tolist()
    return torch.cat([orders[group] for group in ranked])


def reordered(statistic: sparsegpt.Statistic, order: torch.Tensor) -> sparsegpt.Statistic:
    """The statistic of the same inputs with their features in another order."""
    found = sparsegpt.Statistic(len(order), statistic.total.device)
    upper = statistic.total.triu()
    found.total = (upper + upper.triu(1).T)[order][:, order]
    found.tokens = statistic.tokens
    return found
