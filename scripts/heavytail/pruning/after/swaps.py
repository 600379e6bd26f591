"""Swaps: a mask is improved by exchanging a removed and a kept weight of a row (arXiv 2512.10922).

The error of a row is wᵀ H w over its removed weights w. To restore p and remove q changes it by
−2 w_p r_p + w_p² H_pp + 2 w_q r_q + w_q² H_qq − 2 w_p w_q H_pq, with r = H w. A row swaps as
long as that lowers its error. So no row and no group of N:M loses or gains a weight.
"""

import torch

SWAPS = 100
# A swap must lower a row's error by more than its rounding in float32.
GAIN = 1e-6
# Rows that are worked on together.
ROWS = 1024


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
    parts = zip(weight.split(ROWS), removed.split(ROWS), strict=True)
    return torch.cat([_rows_swapped(*part, hessian, group_size) for part in parts])


def _rows_swapped(
    weight: torch.Tensor, removed: torch.Tensor, hessian: torch.Tensor, group_size: int | None
) -> torch.Tensor:
    """`swapped` of some rows."""
    removed = removed.clone()
    reaction = (weight * removed) @ hessian
    every = torch.arange(len(weight), device=weight.device)
    for _ in range(SWAPS):
        errors = (weight * removed * reaction).sum(dim=1)
        restored, dropped, change = _best(weight, removed, reaction, hessian, group_size)
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
    group_size: int | None,
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
        found = others - 2 * ours * weight * hessian[first]
        if group_size:
            places = torch.arange(weight.shape[1], device=weight.device) // group_size
            found = found.masked_fill(places != first[:, None] // group_size, torch.inf)
        least = found.min(dim=1)
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
