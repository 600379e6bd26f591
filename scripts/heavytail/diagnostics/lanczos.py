"""The largest eigenvalues of a symmetric operator that is known only by its products."""

import logging
import math
from collections.abc import Callable, Iterator

import numpy as np
import torch
from scipy.linalg import eigh_tridiagonal
from torch import Tensor

from heavytail.diagnostics.power_law import RELATIVE_RESIDUAL

Product = Callable[[Tensor], Tensor]
Spectrum = tuple[np.ndarray, np.ndarray]

CHECK_EVERY = 10
# If the next vector is this short relative to the operator, it is float32 rounding: the Krylov
# space is exhausted.
BREAKDOWN = 10 * torch.finfo(torch.float32).eps

log = logging.getLogger(__name__)


def lanczos(
    product: Product,
    size: int,
    top: int,
    iterations: int,
    seed: int,
    device: torch.device,
    tolerance: float = RELATIVE_RESIDUAL,
) -> Spectrum:
    """The `top` algebraically largest eigenvalues of a symmetric operator on float32 [size].

    The iteration ends if every residual |β_m s_mi|, which bounds the distance to an eigenvalue, is
    at most `tolerance` times its eigenvalue or the rounding of the largest; after `iterations`; or
    if the Krylov space is exhausted. That space holds a multiple eigenvalue only once, so there may
    be fewer than `top`. `seed` draws the start.

    Returns eigenvalues, descending, and residuals in their unit, both float64 [top or fewer].
    Raises ValueError if top exceeds size or iterations, and ArithmeticError for infinite products.
    """
    steps = min(iterations, size)
    if not 0 < top <= steps:
        raise ValueError(f"found top = {top}, expected at most {steps}")
    start = torch.randn(size, generator=torch.Generator().manual_seed(seed)).to(device)
    basis = torch.empty(steps, size, device=device)
    for diagonal, beside in _steps(product, basis, start):
        exhausted = beside[-1] <= BREAKDOWN * max(map(abs, diagonal + beside))
        ended = len(diagonal) == steps or exhausted
        if ended or (len(diagonal) % CHECK_EVERY == 0 and len(diagonal) >= top):
            values, residuals = _ritz(diagonal, beside, top)
            # Relative to each value: the smallest of them decide the exponent of a power law.
            bounds = np.maximum(tolerance * np.abs(values), BREAKDOWN * abs(values[0]))
            converged = int((residuals <= bounds).sum())
            log.info("Lanczos step %d: %d of %d converged", len(diagonal), converged, top)
            if ended or converged == top:
                break
    return values, residuals


def _steps(
    product: Product, basis: Tensor, following: Tensor
) -> Iterator[tuple[list[float], list[float]]]:
    """Fill the basis [steps, size]; after each step, the tridiagonal matrix and the next β."""
    diagonal, beside, length = [], [], following.norm().item()
    for step in range(len(basis)):
        torch.div(following, length, out=basis[step])
        known, following, projected = basis[: step + 1], product(basis[step]), 0.0
        # Classical Gram-Schmidt: once would leave rounding that grows into copies of eigenvalues.
        for _ in range(2):
            coordinates = known @ following  # [step + 1]
            following = following - known.T @ coordinates
            projected += coordinates[-1].item()
        length = following.norm().item()
        if not math.isfinite(projected + length):
            raise ArithmeticError(f"the operator's product number {step + 1} is not finite")
        diagonal.append(projected)
        beside.append(length)
        yield diagonal, beside


def _ritz(diagonal: list[float], beside: list[float], top: int) -> Spectrum:
    """The largest eigenvalues of the tridiagonal matrix, descending, and their residuals."""
    chosen = (max(0, len(diagonal) - top), len(diagonal) - 1)
    values, vectors = eigh_tridiagonal(diagonal, beside[:-1], select="i", select_range=chosen)
    return values[::-1], np.abs(beside[-1] * vectors[-1, ::-1])
