"""DLP: a block keeps more if the median of its Wanda scores is smaller (arXiv 2505.23807)."""

import numpy as np

from heavytail.allocation.outlier_map import complement, outlier_map, read_scores
from heavytail.allocation.settings import ScoreStatistic
from heavytail.projections import Matrix


def ratios(sizes: dict[Matrix, int], settings: ScoreStatistic, guide: str) -> np.ndarray:
    """`outlier_map` of 1 − m_b/Σ m, where m_b is the median or mean of the scores of block b.

    The paper takes the median, and its published code the mean.

    Args:
        sizes: (block, projection) → number of weights.
        settings: "epsilon", the paper's α, "statistic", median or mean, and "sparsity".
        guide: the table of the model's Wanda scores.

    Returns:
        float64 [matrices].
    """
    scores = complement(read_scores(guide, settings["statistic"]))
    return outlier_map(scores, sizes, settings["epsilon"], settings["sparsity"])
