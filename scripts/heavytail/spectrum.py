"""What the metrics read: one matrix's spectra and its shape."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Spectrum:
    """Spectra of one matrix W; each is float64 [·], ascending, not negative.

    Attributes:
        rows, columns: W's shape.
        eigenvalues: of WᵀW, [min(rows, columns)].
        shuffled: the same of W with its entries shuffled; None where it was not measured.
        submatrices: of W's square submatrices, pooled; None where they were not measured.
    """

    rows: int
    columns: int
    eigenvalues: np.ndarray
    shuffled: np.ndarray | None = None
    submatrices: np.ndarray | None = None
