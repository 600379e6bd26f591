"""Select the weights to remove: exactly the promised number, and the same on every run."""

import math

import numpy as np
import torch


def removed_count(sparsity: float, units: int) -> int:
    """floor(sparsity · units), without the error of products such as 0.7 · 10 = 6.999…"""
    return math.floor(round(sparsity * units, 6))


def require_numbers(scores: torch.Tensor) -> None:
    """Raise ValueError when a score is NaN, which has no place in an order."""
    if torch.isnan(scores).any():
        raise ValueError("found NaN among the pruning scores, expected numbers")


def smallest(scores: torch.Tensor, count: int) -> torch.Tensor:
    """Mark the `count` smallest scores of each row; of equal scores those of lower columns.

    Args:
        scores: float [rows, columns], without NaN.
        count: between 0 and the number of columns.

    Returns:
        bool [rows, columns] with exactly `count` true entries in each row.

    Raises:
        ValueError: a score is NaN.
    """
    require_numbers(scores)
    return _marked(scores, count)


def _marked(scores: torch.Tensor, count: int) -> torch.Tensor:
    """`smallest` of scores that are known to be numbers; NaN is never marked."""
    if count == 0:
        return torch.zeros_like(scores, dtype=torch.bool)
    threshold = _kth(scores, count)
    marked = scores <= threshold
    # On a GPU, asking whether there are ties takes longer than treating them.
    if scores.device.type == "cpu" and int(marked.sum()) == count * len(scores):
        return marked
    tied = scores == threshold
    marked &= ~tied
    missing = count - marked.sum(dim=-1, keepdim=True)
    return marked | (tied & (tied.cumsum(dim=-1, dtype=torch.int32) <= missing))


def _kth(scores: torch.Tensor, count: int) -> torch.Tensor:
    """The `count`-th smallest score of each row, [rows, 1]."""
    # Both give the value of torch's kthvalue, many times faster on their kind of device.
    if scores.device.type != "cpu":
        least = scores.topk(count, dim=-1, largest=False, sorted=False).values
        return least.amax(dim=-1, keepdim=True)
    parted = np.partition(scores.numpy(), count - 1, axis=-1)
    return torch.from_numpy(parted[:, count - 1 : count].copy())


def smallest_in_units(scores: torch.Tensor, sparsity: float, unit: int) -> torch.Tensor:
    """Mark floor(sparsity · unit) of each `unit` adjacent entries in row-major order.

    Args:
        scores: float [rows, columns], without NaN.
        sparsity: in [0, 1].
        unit: the number of weights that are compared: all, a row, or the M of N:M.

    Returns:
        bool [rows, columns].

    Raises:
        ValueError: a score is NaN, or a unit smaller than the matrix does not divide the rows.
    """
    require_numbers(scores)
    return marked_in_units(scores, sparsity, unit)


def marked_in_units(scores: torch.Tensor, sparsity: float, unit: int) -> torch.Tensor:
    """`smallest_in_units` of scores that are known to be numbers: it waits for no answer of a GPU.

    NaN is never marked. Raises ValueError when a unit smaller than the matrix does not divide the
    rows.
    """
    if unit != scores.numel():
        check_units(scores.shape[1], unit)
    marked = _marked(scores.reshape(-1, unit), removed_count(sparsity, unit))
    return marked.reshape(scores.shape)


def smallest_magnitudes(
    weights: list[torch.Tensor],
    statistic: object,
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
        smallest_in_units(weight.abs(), sparsity, group_size or weight.numel())
        for weight, sparsity in zip(weights, sparsities, strict=True)
    ]
    return weights, removed


def check_units(columns: int, unit: int) -> None:
    """Raise ValueError if a row of so many weights is not a whole number of units."""
    if columns % unit:
        raise ValueError(f"rows of {columns} weights cannot be cut into groups of {unit}")
