"""Global magnitude pruning's ratios: the smallest weights of the whole model go."""

import numpy as np

from heavytail.allocation.settings import Target
from heavytail.allocation.threshold import below_threshold, read_scores
from heavytail.projections import Matrix


def ratios(sizes: dict[Matrix, int], settings: Target, guide: str) -> np.ndarray:
    """The share of each matrix's magnitudes that are below one threshold for all.

    Args:
        sizes: (block, projection) → number of weights.
        settings: "sparsity".
        guide: the scores of the model's weights.

    Returns:
        float64 [matrices].
    """
    scores = read_scores(guide, 0, list(sizes))
    return below_threshold(scores, np.array(list(sizes.values())), settings["sparsity"])
