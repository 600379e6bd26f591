"""ALPS: mask and weights together by ADMM, then conjugate gradients (Meng et al., NeurIPS 2024).

With the dense weights W₀ and the layer's Hessian H, whose diagonal scaling makes 1, ADMM splits
min (W − W₀) H (W − W₀)ᵀ over sparse W into W, which is dense, and D, which is sparse:

    W = (W₀ H − V + ρ D)(H + ρ)⁻¹,   D = the largest of W + V/ρ,   V ← V + ρ (W − D).

The eigenvectors of H give the inverse for every ρ. ρ grows the faster, the more of D's mask still
changes, and when it does not change any more, the weights are refitted to it.
"""

import torch

from heavytail.pruning import hessian
from heavytail.pruning.after.refit import refit
from heavytail.pruning.methods import sparsegpt
from heavytail.pruning.selection import check_units, smallest_in_units

Statistic = sparsegpt.Statistic
REWRITES = True
# The penalty ρ, and after how many steps it grows.
PENALTY, EVERY = 0.1, 3
# At least this share of the kept weights changed → the factor by which ρ grows.
GROWTH = ((0.1, 1.3), (0.005, 1.2), (0.0, 1.1))
STEPS, REFIT_STEPS = 300, 10


def prune(
    weights: list[torch.Tensor],
    statistic: sparsegpt.Statistic,
    sparsities: list[float],
    group_size: int | None = None,
) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
    """Remove floor(sparsity · entries) of each matrix, and move the others.

    Args:
        weights: float [rows, columns] each, all of the same inputs.
        statistic: of the inputs.
        sparsities: in [0, 1], one for each matrix.
        group_size: M of N:M sparsity, which compares only M weights that adjoin in a row.

    Returns:
        The updated weights, and what was removed of each, bool [rows, columns].
    """
    check_units(weights[0].shape[1], group_size or 1)
    total = hessian.damped(hessian.whole(statistic))
    scale = total.diagonal().sqrt()
    total = total / scale / scale[:, None]
    spectrum = torch.linalg.eigh(total)
    updated, masks = [], []
    for weight, sparsity in zip(weights, sparsities, strict=True):
        dense = weight * scale
        start, removed = split(dense, total, spectrum, sparsity, group_size)
        updated.append(refit(dense, start, removed, total, REFIT_STEPS) / scale)
        masks.append(removed)
    return updated, masks


def split(
    dense: torch.Tensor,
    total: torch.Tensor,
    spectrum: tuple[torch.Tensor, torch.Tensor],
    sparsity: float,
    group_size: int | None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """ADMM's sparse weights D, and what is removed of them, both [rows, columns].

    Args:
        dense: W₀, float32 [rows, columns].
        total: H, float32 [columns, columns].
        spectrum: its eigenvalues and eigenvectors.
        sparsity: in [0, 1].
        group_size: M of N:M sparsity.
    """
    values, vectors = spectrum
    unit = group_size or dense.numel()
    wanted, penalty = dense @ total, PENALTY
    dual = torch.zeros_like(dense)
    removed = smallest_in_units(dense.abs(), sparsity, unit)
    sparse, before = dense.masked_fill(removed, 0.0), removed
    for step in range(1, STEPS + 1):
        rotated = (wanted - dual + penalty * sparse) @ vectors
        weight = (rotated / (values + penalty)) @ vectors.T
        moved = weight + dual / penalty
        removed = smallest_in_units(moved.abs(), sparsity, unit)
        sparse = moved.masked_fill(removed, 0.0)
        dual = dual + penalty * (weight - sparse)
        if step % EVERY == 0:
            changed = int((removed ^ before).sum())
            if not changed:
                break
            share = changed / max(1, int((~removed).sum()))
            penalty *= next(factor for least, factor in GROWTH if share >= least)
            before = removed
    return sparse, removed
