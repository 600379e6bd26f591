"""Refit: the weights that stay are moved to where the layer's error is least, on a fixed mask.

For each row, min (w − w₀)ᵀ H (w − w₀) over the w that are zero where the mask says so. All rows are
solved at once by conjugate gradients, preconditioned by the diagonal of H: each step is one product
with H, and none raises the error.
"""

import torch

STEPS = 30
# A row is done when its gradient has become so much smaller.
TOLERANCE = 1e-4


def refit(
    dense: torch.Tensor,
    start: torch.Tensor,
    removed: torch.Tensor,
    hessian: torch.Tensor,
    steps: int = STEPS,
) -> torch.Tensor:
    """The weights [rows, columns] that reproduce the layer's outputs best, zero where removed.

    Args:
        dense: float32 [rows, columns], before anything was removed.
        start: the same shape: weights to start from, such as those of a method that compensates.
        removed: bool [rows, columns].
        hessian: float32 [columns, columns], symmetric and positive definite.
        steps: at most so many.
    """
    kept = ~removed
    weight = start * kept
    residual = (dense - weight) @ hessian * kept
    scale = 1 / hessian.diagonal()
    prepared = residual * scale
    direction, power = prepared, (residual * prepared).sum(dim=1, keepdim=True)
    enough = TOLERANCE**2 * power
    for _ in range(steps):
        going = power > enough
        if not going.any():
            break
        image = direction @ hessian * kept
        curvature = (direction * image).sum(dim=1, keepdim=True)
        length = torch.where(going, power / curvature, 0.0)
        weight = weight + length * direction
        residual = residual - length * image
        prepared = residual * scale
        before, power = power, (residual * prepared).sum(dim=1, keepdim=True)
        direction = prepared + torch.where(going, power / before, 0.0) * direction
    return weight
