"""The uniform allocation: every matrix gets the target."""

import numpy as np


def ratios(sizes: dict, settings: dict, _guide: None) -> np.ndarray:
    """settings["sparsity"] for every matrix, float64 [matrices]."""
    return np.full(len(sizes), settings["sparsity"])
