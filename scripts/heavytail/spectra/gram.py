"""The spectrum of a weight matrix: the eigenvalues of WᵀW."""

import torch

# Lower-precision storage formats need their scales to mean anything.
READABLE = (torch.float64, torch.float32, torch.float16, torch.bfloat16)
ROWS, STRIP = 4096, 512


def readable(weight: torch.Tensor) -> torch.Tensor:
    """The matrix itself, when a spectrum of it means something.

    Raises:
        ValueError: it is not two-dimensional, not in a plain float format or not finite.
    """
    if weight.ndim != 2 or weight.dtype not in READABLE:
        raise ValueError(
            f"expected a plain float matrix, found {weight.dtype} {[*weight.shape]}; "
            "quantised checkpoints must be dequantised first"
        )
    # Extremes carry NaN and infinity, without a mask as large as the matrix.
    if weight.numel() and not torch.isfinite(torch.stack(torch.aminmax(weight))).all():
        raise ValueError("the matrix has NaN or infinite entries")
    return weight


def eigenvalues(weight: torch.Tensor) -> torch.Tensor:
    """The eigenvalues of WᵀW, the empirical spectral density of Martin and Mahoney.

    Computed in float64 from the smaller of the two Gram matrices: with float32 the smallest
    eigenvalues are noise, which moves the logarithmic histogram behind alpha_peak. Only the Gram
    matrix's upper triangle is computed, the half that the eigenvalue solver reads.

    Args:
        weight: [..., rows, columns], any 16-, 32- or 64-bit float, finite.

    Returns:
        float64 [..., min(rows, columns)], ascending, rounding noise below zero clamped to zero.
    """
    tall = weight.mT if weight.shape[-2] < weight.shape[-1] else weight
    size = tall.shape[-1]
    gram = torch.zeros(*tall.shape[:-2], size, size, dtype=torch.float64, device=weight.device)
    # In float64 only a part of the rows at a time: the matrix itself may be the largest thing here.
    for rows in tall.split(ROWS, dim=-2):
        wide = rows.double()
        for start in range(0, size, STRIP):
            strip = slice(start, min(start + STRIP, size))
            gram[..., strip, start:] += wide[..., strip].mT @ wide[..., start:]
    return torch.linalg.eigvalsh(gram, UPLO="U").clamp_(min=0.0)
