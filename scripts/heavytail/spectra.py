"""The spectrum of a weight matrix: the eigenvalues of WᵀW."""

import torch

# Lower-precision storage formats need their scales to mean anything.
READABLE = (torch.float64, torch.float32, torch.float16, torch.bfloat16)


def eigenvalues(weight: torch.Tensor) -> torch.Tensor:
    """The eigenvalues of WᵀW, the empirical spectral density of Martin and Mahoney.

    Computed in float64 from the smaller of the two Gram matrices: with float32 the smallest
    eigenvalues are noise, which moves the logarithmic histogram behind alpha_peak.

    Args:
        weight: [rows, columns], any 16-, 32- or 64-bit float.

    Returns:
        float64 [min(rows, columns)], ascending, rounding noise below zero clamped to zero.

    Raises:
        ValueError: the matrix is not two-dimensional, not in a plain float format or not finite.
    """
    if weight.ndim != 2 or weight.dtype not in READABLE:
        raise ValueError(f"expected a plain float matrix, found {weight.dtype} {[*weight.shape]}")
    weight = weight.double()
    if not torch.isfinite(weight).all():
        raise ValueError("the matrix has NaN or infinite entries")
    rows, columns = weight.shape
    gram = weight @ weight.T if rows < columns else weight.T @ weight
    return torch.linalg.eigvalsh(gram).clamp_(min=0.0)
