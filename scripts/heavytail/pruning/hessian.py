"""The whole Hessian of a layer, from the triangle that SparseGPT's statistic has."""

import torch

from heavytail.pruning.methods.sparsegpt import Statistic

# The share of the mean diagonal that makes a Hessian positive definite, as in SparseGPT.
DAMPING = 0.01


def whole(statistic: Statistic) -> torch.Tensor:
    """The symmetric 2/N Σ x xᵀ, float32 [columns, columns], a copy.

    Raises ValueError if an activation was NaN or infinite.
    """
    if not torch.isfinite(statistic.total.diagonal()).all():
        raise ValueError("NaN or infinite activations")
    upper = statistic.total.triu()
    return (upper + upper.triu(1).T).mul_(2 / statistic.tokens)


def damped(hessian: torch.Tensor) -> torch.Tensor:
    """The same with 1 % of its mean diagonal added to the diagonal, in place.

    A Hessian of zeros becomes the identity.
    """
    mean = hessian.diagonal().mean().item()
    hessian.diagonal().add_(DAMPING * mean if mean else 1.0)
    return hessian
