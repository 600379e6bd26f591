"""SparseGPT: column by column, the others compensate (Frantar, Alistarh, arXiv 2301.00774)."""

import logging

import torch

from heavytail.selection import removed_count, smallest

REWRITES = True
GROUP = 128
DAMPINGS = (0.01, 0.1, 1.0)

log = logging.getLogger(__name__)


class Statistic:
    """The layer's Hessian 2/N Σ x xᵀ over all calibration tokens, in float32."""

    def __init__(self, columns: int, device: torch.device):
        """Start with no tokens; `columns` is the number of input features."""
        self.total = torch.zeros(columns, columns, dtype=torch.float32, device=device)
        self.tokens = 0
        self._factor: torch.Tensor | None = None

    def add(self, inputs: torch.Tensor) -> None:
        """Accumulate activations [..., columns]."""
        rows = inputs.reshape(-1, inputs.shape[-1]).float()
        self.total.addmm_(rows.T, rows)
        self.tokens += len(rows)

    def hessian(self) -> torch.Tensor:
        """float32 [columns, columns]; a feature that is always zero gets 1 on the diagonal."""
        hessian = self.total * (2 / self.tokens)
        dead = hessian.diagonal() == 0
        hessian.diagonal()[dead] = 1.0
        return hessian

    def factor(self) -> torch.Tensor:
        """The upper Cholesky factor of the damped Hessian's inverse, computed once.

        Damping is 1 % of the mean diagonal as published; where that is not positive definite it
        grows tenfold, which is logged. Raises ArithmeticError when 100 % does not do either.
        """
        if self._factor is None:
            self._factor = _inverse_factor(self.hessian())
        return self._factor


def _inverse_factor(hessian: torch.Tensor) -> torch.Tensor:
    if not torch.isfinite(hessian).all():
        raise ArithmeticError("the Hessian has NaN or infinite entries")
    mean = hessian.diagonal().mean()
    for damping in DAMPINGS:
        damped = hessian.clone()
        damped.diagonal().add_(damping * mean)
        lower, failed = torch.linalg.cholesky_ex(damped)
        if not failed:
            upper, failed = torch.linalg.cholesky_ex(torch.cholesky_inverse(lower), upper=True)
        if not failed:
            return upper
        log.warning("the Hessian is not positive definite with damping %g of its mean", damping)
    raise ArithmeticError(f"the Hessian is not positive definite with damping {DAMPINGS[-1]}")


def prune(
    weight: torch.Tensor, statistic: Statistic, sparsity: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """Remove floor(sparsity · entries) of each group of 128 columns, compensating in the others.

    Columns go one after the other; the error of each is spread over the columns to its right by
    the rows of the inverse Hessian's Cholesky factor (algorithm 1 of the paper).

    Args:
        weight: float32 [rows, columns].
        statistic: of the matrix's inputs.
        sparsity: in [0, 1].

    Returns:
        The updated weight, float32 [rows, columns], and what was removed, bool [rows, columns].
    """
    factor = statistic.factor()
    weight = weight.masked_fill(statistic.total.diagonal() == 0, 0.0)
    removed = torch.zeros_like(weight, dtype=torch.bool)
    for start in range(0, weight.shape[1], GROUP):
        stop = min(start + GROUP, weight.shape[1])
        inner, group = factor[start:stop, start:stop], weight[:, start:stop]
        scores = (group / inner.diagonal()).square()
        count = removed_count(sparsity, scores.numel())
        mask = smallest(scores.reshape(1, -1), count).reshape(scores.shape)
        errors = _prune_group(group, mask, inner)
        removed[:, start:stop] = mask
        weight[:, stop:] -= errors @ factor[start:stop, stop:]
    return weight, removed


def _prune_group(group: torch.Tensor, mask: torch.Tensor, factor: torch.Tensor) -> torch.Tensor:
    """Zero the masked entries of `group` in place; returns each column's scaled error."""
    errors = torch.empty_like(group)
    for column in range(group.shape[1]):
        kept = group[:, column].masked_fill(mask[:, column], 0.0)
        errors[:, column] = (group[:, column] - kept) / factor[column, column]
        group[:, column:] -= torch.outer(errors[:, column], factor[column, column:])
        group[:, column] = kept
    return errors
