"""Ratios that a search has found (heavytail.evaluation.search)."""

import numpy as np

from heavytail.allocation.settings import Target
from heavytail.allocation.table import read_ratios
from heavytail.projections import Matrix


def ratios(sizes: dict[Matrix, int], _settings: Target, guide: str) -> np.ndarray:
    """The ratios of the search's table.

    Args:
        sizes: (block, projection) → number of weights.
        guide: the table.

    Returns:
        float64 [matrices].
    """
    found, _ = read_ratios(guide)
    return np.array([found[matrix] for matrix in sizes])
