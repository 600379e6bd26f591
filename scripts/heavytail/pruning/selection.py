"""Select the weights to remove: exactly the promised number, and the same on every run."""

import math

import numpy as np
import torch


def removed_count(sparsity: float, units: int) -> int:
    """floor(sparsity · units), without the error of products such as 0.7 · 10 = 6.999…"""
    return math.floor(round(sparsity * units, 6))


def require_numbers(scores: torch.Tensor) -> torch.Tensor:
    """The scores. Raises ValueError when one is NaN, which no order has a place for."""
    if torch.isnan(scores).any():
        raise ValueError("found NaN among the pruning scores, expected numbers")
    return scores


def smallest(scores: torch.Tensor, count: int) -> torch.Tensor:
    """Mark the `count` smallest scores of each row; of equal scores those of lower columns.

    Args:
        scores: float [rows, columns]; NaN is never marked.
        count: between 0 and columns.

    Returns:
        bool [rows, columns] with exactly `count` true entries in each row without NaN.
    """
    if count == 0:
        return torch.zeros_like(scores, dtype=torch.bool)
    threshold = _kth(scores, count)
    marked = scores <= threshold
    # A GPU has looked for ties before its host has asked whether there are any.
    if scores.device.type == "cpu" and int(marked.sum()) == count * len(scores):
        return marked
    tied = scores == threshold
    marked &= ~tied
    missing = count - marked.sum(dim=-1, keepdim=True)
    return marked | (tied & (tied.cumsum(dim=-1, dtype=torch.int32) <= missing))


def _kth(scores: torch.Tensor, count: int) -> torch.Tensor:
    """The `count`-th smallest score of each row, [rows, 1]."""
    # The same value as torch's kthvalue, many times faster, each on its kind of device.
    if scores.device.type != "cpu":
        least = scores.topk(count, dim=-1, largest=False, sorted=False).values
        return least.amax(dim=-1, keepdim=True)
    parted = np.partition(scores.numpy(), count - 1, axis=-1)
    return torch.from_numpy(parted[:, count - 1 : count].copy())


def smallest_in_units(scores: torch.Tensor, sparsity: float, unit: int) -> torch.Tensor:
    """Mark floor(sparsity · unit) of each `unit` adjacent entries in row-major order.

    Args:
        scores: float [rows, columns]; NaN is never marked.
        sparsity: in [0, 1].
        unit: the number of weights that are compared: all, a row, or the M of N:M.

    Returns:
        bool [rows, columns].

    Raises:
        ValueError: a unit smaller than the matrix does not divide the rows.
    """
    if unit != scores.numel():
        check_units(scores.shape[1], unit)
    marked = smallest(scores.reshape(-1, unit), removed_count(sparsity, unit))
    return marked.reshape(scores.shape)


def check_units(columns: int, unit: int) -> None:
    """Raise ValueError if a row of so many weights is not a whole number of units."""
    if columns % unit:
        raise ValueError(f"rows of {columns} weights cannot be cut into groups of {unit}")
