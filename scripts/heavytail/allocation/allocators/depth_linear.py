"""ATP: sparsity grows linearly with depth, whatever the weights are (arXiv 2505.20730)."""

import numpy as np

from heavytail.allocation.settings import Spread
from heavytail.allocation.target import linear_map, to_target
from heavytail.projections import Matrix


def ratios(sizes: dict[Matrix, int], settings: Spread, _guide: None) -> np.ndarray:
    """s_b = S − β (L − 1)/2 + β b, with β = 2 ε S/(L − 1): a linear map of the block's index b.

    Args:
        sizes: (block, projection) → number of weights.
        settings: "epsilon" and "sparsity", S.

    Returns:
        float64 [matrices].
    """
    depth = np.array([block for block, _ in sizes], dtype=float)
    weights = np.array(list(sizes.values()))
    return to_target(linear_map(depth, settings["epsilon"]), weights, settings["sparsity"])
