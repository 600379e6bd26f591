"""The spectrum of a weight matrix: the eigenvalues of WᵀW."""

import torch

# The values of formats with less precision mean nothing without their scales.
READABLE = (torch.float64, torch.float32, torch.float16, torch.bfloat16)
ROWS, STRIP = 4096, 512


def readable(weight: torch.Tensor) -> torch.Tensor:
    """The matrix itself, after a check that its spectrum would mean something.

    Raises:
        ValueError: the matrix is not two-dimensional, not of plain floats, or not finite.
    """
    if weight.ndim != 2 or weight.dtype not in READABLE:
        raise ValueError(
            f"expected a plain float matrix, found {weight.dtype} {[*weight.shape]}; "
            "quantised checkpoints must be dequantised first"
        )
    # The extremes show NaN and infinity, without a mask that is as large as the matrix.
    if weight.numel() and not torch.isfinite(torch.stack(torch.aminmax(weight))).all():
        raise ValueError("found NaN or infinite entries, expected finite numbers")
    return weight


def eigenvalues(weight: torch.Tensor) -> torch.Tensor:
    """The eigenvalues of WᵀW, the empirical spectral density of Martin and Mahoney.

    They are computed in float64 from the smaller of the two Gram matrices. In float32 the smallest
    eigenvalues would be noise, which would move the logarithmic histogram that alpha_peak reads.
    Only the upper triangle of the Gram matrix is computed, because the solver reads no more.

    Args:
        weight: [..., rows, columns], any 16-, 32- or 64-bit float, finite.

    Returns:
        float64 [..., min(rows, columns)], ascending, rounding noise below zero clamped to zero.
    """
    tall = weight.mT if weight.shape[-2] < weight.shape[-1] else weight
    size = tall.shape[-1]
    gram = torch.zeros(*tall.shape[:-2], size, size, dtype=torch.float64, device=weight.device)
    # Only a part of the rows is in float64 at a time: the matrix may be the largest tensor here.
    for rows in tall.split(ROWS, dim=-2):
        wide = rows.double()
        for start in range(0, size, STRIP):
            strip = slice(start, min(start + STRIP, size))
            gram[..., strip, start:] += wide[..., strip].mT @ wide[..., start:]
    return torch.linalg.eigvalsh(gram, UPLO="U").clamp_(min=0.0)
