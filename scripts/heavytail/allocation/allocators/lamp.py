"""LAMP: one threshold for squares over the sum of what is not smaller (arXiv 2010.07611)."""

import numpy as np

from heavytail.allocation.settings import Target
from heavytail.allocation.threshold import below_threshold, read_scores
from heavytail.projections import Matrix


def ratios(sizes: dict[Matrix, int], settings: Target, guide: str) -> np.ndarray:
    """The share of each matrix's LAMP scores that are below one threshold for all.

    Args:
        sizes: (block, projection) → number of weights.
        settings: "sparsity".
        guide: the scores of the model's weights.

    Returns:
        float64 [matrices].
    """
    scores = read_scores(guide, 1, list(sizes))
    return below_threshold(scores, np.array(list(sizes.values())), settings["sparsity"])
