"""OWL: a block keeps more if its Wanda scores have more outliers (arXiv 2310.05175)."""

import numpy as np

from heavytail.allocation.outlier_map import outlier_map, read_scores
from heavytail.allocation.settings import Spread
from heavytail.projections import Matrix


def ratios(sizes: dict[Matrix, int], settings: Spread, guide: str) -> np.ndarray:
    """`outlier_map` of the share of scores that exceed five times the mean of their block.

    Args:
        sizes: (block, projection) → number of weights.
        settings: "epsilon", the paper's λ, and "sparsity".
        guide: the table of the model's Wanda scores.

    Returns:
        float64 [matrices].
    """
    scores = read_scores(guide, "outliers")
    return outlier_map(scores, sizes, settings["epsilon"], settings["sparsity"])
