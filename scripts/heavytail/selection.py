"""Which weights go: exactly the promised number, the same on every run."""

import math

import torch


def removed_count(sparsity: float, units: int) -> int:
    """floor(sparsity · units), safe from the rounding of products such as 0.7 · 10 = 6.999…"""
    return math.floor(round(sparsity * units, 6))


def smallest(scores: torch.Tensor, count: int) -> torch.Tensor:
    """Mark the `count` smallest scores of each row; ties go to the lower column.

    Args:
        scores: float [rows, columns], no NaN.
        count: between 0 and columns.

    Returns:
        bool [rows, columns] with exactly `count` true entries in each row.

    Raises:
        ValueError: a score is NaN.
    """
    if torch.isnan(scores).any():
        raise ValueError("NaN among the pruning scores")
    if count == 0:
        return torch.zeros_like(scores, dtype=torch.bool)
    threshold = scores.kthvalue(count, dim=-1, keepdim=True).values
    below = scores < threshold
    tied = scores == threshold
    missing = count - below.sum(dim=-1, keepdim=True)
    return below | (tied & (tied.cumsum(dim=-1) <= missing))
