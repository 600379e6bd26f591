"""The spectra and the shape of one matrix, which the metrics read."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Spectrum:
    """Spectra of one matrix W; each is float64 [·], ascending, not negative.

    Attributes:
        rows, columns: the shape of W.
        eigenvalues: those of WᵀW, [min(rows, columns)].
        shuffled: the same for W with its entries shuffled; None if it was not measured.
        submatrices: those of W's square submatrices, pooled; None if they were not measured.
    """

    rows: int
    columns: int
    eigenvalues: np.ndarray
    shuffled: np.ndarray | None = None
    submatrices: np.ndarray | None = None

    @property
    def nonzero(self) -> np.ndarray:
        """The eigenvalues above rounding: those of a rank-deficient matrix are zero but for it."""
        return above_rounding(self.eigenvalues, max(self.rows, self.columns))


def above_rounding(eigenvalues: np.ndarray, side: int) -> np.ndarray:
    """The eigenvalues above λ_max · side · ε, what a float64 Gram matrix can tell from zero.

    Args:
        eigenvalues: float64 [n], ascending.
        side: the larger side of their matrix.
    """
    rounding = eigenvalues[-1] * side * np.finfo(np.float64).eps
    return eigenvalues[eigenvalues > rounding]
