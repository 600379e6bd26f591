"""SparseGPT: column by column, the others compensate (Frantar, Alistarh, arXiv 2301.00774)."""

import logging
from collections.abc import Callable
from functools import lru_cache, partial

import torch

from heavytail.pruning.recorded import Recorded
from heavytail.pruning.selection import check_units, require_numbers, smallest_in_units

REWRITES = True
# Columns whose weights are compared with each other, and those that are updated one by one.
GROUP, STEP = 128, 32
STRIP = 256
# Tokens whose products tensor cores add up by themselves.
TOKENS = 512
DAMPINGS = (0.01, 0.1, 1.0)

log = logging.getLogger(__name__)


class Statistic:
    """The layer's Hessian 2/N Σ x xᵀ over all calibration tokens, in float32.

    A GPU multiplies 16-bit activations on its tensor cores: products of two are exact in float32,
    but a tensor core cuts sums off where others round. Over 512 tokens that stays below 3e-6 of a
    sum, over all at once it would grow with their number.
    """

    def __init__(self, columns: int, device: torch.device):
        """Start with no tokens; `columns` is the number of input features."""
        # Only the upper triangle is kept up: the Hessian is symmetric.
        self.total = torch.zeros(columns, columns, dtype=torch.float32, device=device)
        self.tokens = 0

    def add(self, inputs: torch.Tensor) -> None:
        """Accumulate activations [..., columns]."""
        rows = inputs.flatten(0, -2)
        self.tokens += len(rows)
        if rows.is_cuda and rows.dtype.itemsize == 2:
            for part in rows.split(TOKENS):
                torch.addmm(self.total, part.T, part, out_dtype=torch.float32, out=self.total)
            return
        rows = rows.to(self.total.dtype)
        for start in range(0, rows.shape[1], STRIP):
            strip = slice(start, start + STRIP)
            self.total[strip, start:].addmm_(rows[:, strip].T, rows[:, start:])

    def dead(self) -> torch.Tensor:
        """The features that were always zero, bool [columns]."""
        return self.total.diagonal() == 0

    def factor(self) -> torch.Tensor:
        """The upper Cholesky factor U of the damped Hessian's inverse, H⁻¹ = UᵀU.

        A dead feature gets 1 on the Hessian's diagonal. Damping is 1 % of the mean diagonal as
        published; where that is not positive definite it grows tenfold, which is logged.

        Raises ValueError when an activation was NaN or infinite, ArithmeticError when 100 % of the
        mean diagonal does not do either.
        """
        if not torch.isfinite(self.total.diagonal()).all():
            raise ValueError("NaN or infinite activations")
        # With rows and columns reversed, the factor L of H = LLᵀ gives that of the inverse: U is
        # L⁻¹ reversed. The lower triangle, all that Cholesky reads, is then the upper one of H.
        hessian = self.total.flip(0, 1).mul_(2 / self.tokens)
        diagonal = hessian.diagonal()
        diagonal[diagonal == 0] = 1.0
        mean, given = diagonal.mean(), diagonal.clone()
        for damping in DAMPINGS:
            diagonal.copy_(given + damping * mean)
            lower, failed = torch.linalg.cholesky_ex(hessian)
            if not failed:
                # The Hessian's memory takes the inverse.
                inverse = torch.eye(len(lower), out=hessian)
                torch.linalg.solve_triangular(lower, inverse, upper=False, out=inverse)
                del lower
                return inverse.flip(0, 1)
            log.warning("the Hessian is not positive definite with damping %g of its mean", damping)
        raise ArithmeticError(f"the Hessian is not positive definite with damping {DAMPINGS[-1]}")


def prune(
    weights: list[torch.Tensor],
    statistic: Statistic,
    sparsities: list[float],
    group_size: int | None = None,
) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
    """Remove floor(sparsity · entries) of each group of 128 columns, compensating in the others.

    Columns go one after the other; the error of each is spread over the columns to its right by
    the rows of the inverse Hessian's Cholesky factor (algorithm 1 of the paper).

    Args:
        weights: float [rows, columns] each, all of the same inputs.
        statistic: of the inputs.
        sparsities: in [0, 1], one for each matrix.
        group_size: M of N:M sparsity, a divisor of 32, which compares only M weights that adjoin in
            a row.

    Returns:
        The updated weights, and what was removed of each, bool [rows, columns].
    """
    sizes, columns = [len(weight) for weight in weights], weights[0].shape[1]
    check_units(columns, group_size or 1)
    choose = partial(_choose, sizes=sizes, sparsities=sparsities)
    in_patterns = partial(_prune_group, choose=choose, group_size=group_size)
    factor = statistic.factor()
    # A column of all matrices is one contiguous row here: [columns, rows of all matrices].
    stacked = torch.cat([weight.T for weight in weights], dim=1)
    stacked[statistic.dead()] = 0.0
    removed = torch.zeros_like(stacked, dtype=torch.bool)
    for start in range(0, columns, GROUP):
        group = slice(start, min(start + GROUP, columns))
        inner = factor[group, group]
        if group_size is None:
            removed[group] = choose(stacked[group], inner.diagonal(), None)
        prune_group = in_patterns if group_size else _pruner_of(stacked[group])
        errors = prune_group(stacked[group], removed[group], inner)
        stacked[group.stop :].addmm_(factor[group, group.stop :].T, errors, alpha=-1)
    # Here for all groups: NaN among the scores of one never goes away.
    require_numbers(stacked)
    parts = (whole.split(sizes, dim=1) for whole in (stacked, removed))
    updated, masks = ([part.T for part in matrices] for matrices in parts)
    return updated, masks


def _choose(
    columns: torch.Tensor,
    diagonal: torch.Tensor,
    group_size: int | None,
    sizes: list[int],
    sparsities: list[float],
) -> torch.Tensor:
    """Mark each matrix's smallest scores w² / U_jj² in some columns, or in each group of them.

    Args:
        columns: [columns, rows of all matrices].
        diagonal: of the factor U, [columns].
        group_size: M of N:M sparsity.
        sizes: rows of each matrix.
        sparsities: in [0, 1], one for each matrix.

    Returns:
        bool [columns, rows of all matrices].
    """
    scores = (columns / diagonal[:, None]).square()
    marked = [
        smallest_in_units(part.T.contiguous(), sparsity, group_size or part.numel()).T
        for part, sparsity in zip(scores.split(sizes, dim=1), sparsities, strict=True)
    ]
    return torch.cat(marked, dim=1)


def _prune_group(
    group: torch.Tensor,
    removed: torch.Tensor,
    factor: torch.Tensor,
    choose: Callable[..., torch.Tensor] | None = None,
    group_size: int | None = None,
) -> torch.Tensor:
    """Zero the marked entries of `group` [columns, rows] in place, compensating inside it.

    With `group_size`, so many columns are marked at a time when their turn comes. Returns each
    column's error, scaled, [columns, rows].
    """
    errors, diagonal = torch.empty_like(group), factor.diagonal()
    for start in range(0, len(group), STEP):
        stop = min(start + STEP, len(group))
        for column in range(start, stop):
            if choose and group_size and column % group_size == 0:
                unit = slice(column, column + group_size)
                removed[unit] = choose(group[unit], diagonal[unit], group_size)
            torch.mul(group[column], removed[column], out=errors[column])
            errors[column].div_(diagonal[column])
            rest = slice(column + 1, stop)
            group[rest].addr_(factor[column, rest], errors[column], alpha=-1)
        group[stop:].addmm_(factor[start:stop, stop:].T, errors[start:stop], alpha=-1)
    group.masked_fill_(removed, 0.0)
    return errors


def _pruner_of(group: torch.Tensor) -> Callable[..., torch.Tensor]:
    """`_prune_group` as the group's device does it best."""
    if group.is_cuda and len(group) == GROUP:
        return _recorded(group.shape[1], group.dtype, group.device)
    return _prune_group


# A model has few shapes; what was recorded for them serves all of its blocks.
@lru_cache(maxsize=4)
def _recorded(rows: int, dtype: torch.dtype, device: torch.device) -> Recorded:
    group = torch.zeros(GROUP, rows, dtype=dtype, device=device)
    return Recorded(_prune_group, group, group.bool(), torch.eye(GROUP, dtype=dtype, device=device))
