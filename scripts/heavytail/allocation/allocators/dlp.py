"""DLP: a block keeps more if the median of its Wanda scores is smaller (arXiv 2505.23807)."""

import numpy as np

from heavytail.allocation.outlier_map import outlier_map, read_scores
from heavytail.allocation.settings import Spread
from heavytail.projections import Matrix


def ratios(sizes: dict[Matrix, int], settings: Spread, guide: str) -> np.ndarray:
    """`outlier_map` of 1 − m_b/Σ m, where m_b is the median of the scores of block b.

    Args:
        sizes: (block, projection) → number of weights.
        settings: "epsilon", the paper's α, and "sparsity".
        guide: the table of the model's Wanda scores.

    Returns:
        float64 [matrices].
    """
    medians = read_scores(guide, "median")
    scores = 1 - medians / medians.sum()
    return outlier_map(scores, sizes, settings["epsilon"], settings["sparsity"])
