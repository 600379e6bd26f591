"""ER: a matrix keeps a share in proportion to its sides over its size (arXiv 1707.04780)."""

import numpy as np

from heavytail.allocation.settings import Shaped
from heavytail.allocation.target import to_target
from heavytail.projections import Matrix


def ratios(sizes: dict[Matrix, int], settings: Shaped, _guide: None) -> np.ndarray:
    """Kept shares in proportion to (rows + columns)/(rows · columns), none above 1.

    Args:
        sizes: (block, projection) → number of weights.
        settings: "shapes" and "sparsity".

    Returns:
        float64 [matrices].
    """
    sides = np.array([sum(settings["shapes"][matrix]) for matrix in sizes])
    weights = np.array(list(sizes.values()))
    return 1 - to_target(sides / weights, weights, 1 - settings["sparsity"])
