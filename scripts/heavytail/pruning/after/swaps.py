"""Swaps: a mask is improved by exchanging a removed and a kept weight of a row (arXiv 2512.10922).

The error of a row is wᵀ H w over its removed weights w. To restore p and remove q changes it by
−2 w_p r_p + w_p² H_pp + 2 w_q r_q + w_q² H_qq − 2 w_p w_q H_pq, with r = H w. A row swaps as
long as that lowers its error. So no row and no group of N:M loses or gains a weight.

In N:M sparsity both weights are of one group, and all pairs of a group are compared. The paper
swaps the best pair of a row. Here the groups take turns from left to right, again and again: that
ends as low, and needs few products of large matrices. Each group knows what others swapped before.
"""

from functools import partial

import torch

# Of a row; and in N:M sparsity, of a group.
SWAPS = 100
# A swap must lower a row's error by more than its rounding in float32.
GAIN = 1e-6
# Rows that are worked on together.
ROWS = 1024
# Columns that hear of each other's swaps at once; those to the right hear of them together.
NEAR = 128


def swapped(
    weight: torch.Tensor, removed: torch.Tensor, hessian: torch.Tensor, group_size: int | None
) -> torch.Tensor:
    """The improved mask, bool [rows, columns].

    Args:
        weight: float32 [rows, columns], dense.
        removed: bool [rows, columns].
        hessian: float32 [columns, columns], symmetric.
        group_size: M of N:M sparsity: both weights of a swap are then of one group.
    """
    improved = partial(_groups_swapped, group_size=group_size) if group_size else _rows_swapped
    parts = zip(weight.split(ROWS), removed.split(ROWS), strict=True)
    return torch.cat([improved(*part, hessian) for part in parts])


def _groups_swapped(
    weight: torch.Tensor, removed: torch.Tensor, hessian: torch.Tensor, group_size: int
) -> torch.Tensor:
    """`swapped` of some rows in N:M sparsity."""
    removed, lost = removed.clone(), weight * removed
    errors = (lost @ hessian * lost).sum(dim=1)
    rows = torch.arange(len(weight), device=weight.device)
    for _ in range(SWAPS):
        if not len(rows):
            break
        before = removed[rows]
        parts = weight[rows].T.contiguous(), before.T.contiguous(), errors[rows]
        after, errors[rows] = _sweep(*parts, hessian, group_size)
        removed[rows] = after
        # Each swap lowers the error, so a row that swapped has another mask.
        rows = rows[(after != before).any(dim=1)]
    return removed


def _sweep(
    weight: torch.Tensor,
    removed: torch.Tensor,
    errors: torch.Tensor,
    hessian: torch.Tensor,
    group_size: int,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Each group takes its turn.

    Args:
        weight, removed: [columns, rows].
        errors: of the rows, [rows].
        hessian: [columns, columns].
        group_size: M.

    Returns:
        The mask after that, [rows, columns], and the errors.
    """
    removed, lost, errors = removed.clone(), weight * removed, errors.clone()
    width = group_size * max(1, NEAR // group_size)
    for start in range(0, len(weight), width):
        near = slice(start, min(start + width, len(weight)))
        reaction, inner = hessian[near] @ lost, hessian[near, near]
        for first in range(0, len(inner), group_size):
            group, rest = slice(first, first + group_size), slice(first + group_size, None)
            own, mask, gone = (part[near][group] for part in (weight, removed, lost))
            swaps, change = _group_swaps(own, mask, reaction[group], inner[group, group], errors)
            mask.logical_xor_(swaps)
            errors += change
            moved = own * mask - gone
            gone += moved
            reaction[rest].addmm_(inner[rest, group], moved)
    return removed.T, errors


def _group_swaps(
    weight: torch.Tensor,
    removed: torch.Tensor,
    reaction: torch.Tensor,
    hessian: torch.Tensor,
    errors: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Which two weights of a group the best swap exchanges, and the change of the error.

    Args:
        weight, removed, reaction: [M, rows].
        hessian: [M, M], of the group.
        errors: of the rows, [rows].

    Returns:
        bool [M, rows], False where no swap lowers the error, and float [rows].
    """
    alone, cross = weight.square() * hessian.diagonal()[:, None], 2 * weight * reaction
    back = torch.where(removed, alone - cross, torch.inf)
    gone = torch.where(removed, torch.inf, alone + cross)
    # [restored, dropped, rows]
    pairs = back[:, None] + gone - 2 * hessian[:, :, None] * (weight[:, None] * weight)
    change, best = pairs.flatten(0, 1).min(dim=0)
    better = change < -GAIN * errors
    places = torch.stack([best // len(weight), best % len(weight)])
    swaps = torch.zeros_like(removed).scatter_(0, places, better.expand(2, -1))
    return swaps, torch.where(better, change, 0)


def _rows_swapped(
    weight: torch.Tensor, removed: torch.Tensor, hessian: torch.Tensor
) -> torch.Tensor:
    """`swapped` of some rows, without groups."""
    removed = removed.clone()
    reaction = (weight * removed) @ hessian
    every = torch.arange(len(weight), device=weight.device)
    for _ in range(SWAPS):
        errors = (weight * removed * reaction).sum(dim=1)
        restored, dropped, change = _best(weight, removed, reaction, hessian)
        rows = every[change < -GAIN * errors]
        if not len(rows):
            break
        p, q = restored[rows], dropped[rows]
        removed[rows, p], removed[rows, q] = False, True
        reaction[rows] -= weight[rows, p, None] * hessian[p]
        reaction[rows] += weight[rows, q, None] * hessian[q]
    return removed


def _best(
    weight: torch.Tensor,
    removed: torch.Tensor,
    reaction: torch.Tensor,
    hessian: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """For each row the weight to restore, the one to remove, and the change of the error.

    Among all pairs one is not looked for, which would cost columns² a row: the weight whose return
    alone gains most gets its best partner, the weight whose loss alone costs least gets its own,
    and the better pair counts.
    """
    own = weight.square() * hessian.diagonal()
    back = torch.where(removed, own - 2 * weight * reaction, torch.inf)
    gone = torch.where(removed, torch.inf, own + 2 * weight * reaction)

    def partner(first: torch.Tensor, others: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The best of `others` beside `first` of each row, and what it adds to the change."""
        ours = weight.gather(1, first[:, None])
        least = (others - 2 * ours * weight * hessian[first]).min(dim=1)
        return least.indices, least.values

    p, q = back.min(dim=1), gone.min(dim=1)
    q_of_p, with_p = partner(p.indices, gone)
    p_of_q, with_q = partner(q.indices, back)
    first, second = p.values + with_p, q.values + with_q
    # Rows that lost nothing or everything have no swap: their sums are infinite, or not a number.
    better = first <= second
    change = torch.where(better, first, second)
    restored = torch.where(better, p.indices, p_of_q)
    return restored, torch.where(better, q_of_p, q.indices), change.nan_to_num(nan=torch.inf)
