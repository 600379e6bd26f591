"""Ratios that a file gives, by block or by matrix."""

import numpy as np

from heavytail.allocation.settings import Steps
from heavytail.allocation.target import shifted_to_target
from heavytail.config.given import ratios_in
from heavytail.projections import Matrix


def ratios(sizes: dict[Matrix, int], settings: Steps, guide: str) -> np.ndarray:
    """The ratios of the file. Their mean may miss the target by a rounding, which is shifted away.

    Args:
        sizes: (block, projection) → number of weights.
        settings: "sparsity" and, for a file of levels, "step".
        guide: the file.

    Returns:
        float64 [matrices].

    Raises:
        ValueError: the file lacks a matrix of the model or has others, or misses the target.
    """
    found = ratios_in(guide, sizes, settings["sparsity"], settings.get("step"))
    weights = np.array(list(sizes.values()))
    return shifted_to_target(np.array(found), weights, settings["sparsity"])
