"""The uniform allocation: every matrix gets the target."""

import numpy as np

from heavytail.allocation.settings import Target
from heavytail.projections import Matrix


def ratios(sizes: dict[Matrix, int], settings: Target, _guide: None) -> np.ndarray:
    """settings["sparsity"] for every matrix, float64 [matrices]."""
    return np.full(len(sizes), settings["sparsity"])
