"""One threshold for the scores of all weights: what `global` and `lamp` share."""

import numpy as np
from safetensors.numpy import load_file

from heavytail.projections import Matrix, key_of


def read_scores(path: str, row: int, matrices: list[Matrix]) -> list[np.ndarray]:
    """One row of the scores of each matrix, float64 [pieces], ascending.

    Args:
        path: what heavytail.spectra.measures.weight_scores measured.
        row: 0 for magnitudes, 1 for LAMP scores.
        matrices: those of the model.
    """
    stored = load_file(path)
    return [stored[key_of(*matrix)][row] for matrix in matrices]


def below_threshold(scores: list[np.ndarray], sizes: np.ndarray, target: float) -> np.ndarray:
    """The share of each matrix's weights whose scores are among the smallest of all.

    Every score stands for an equal part of its matrix. The parts go in the order of their scores,
    equal ones in the order of the matrices, until the target is reached; the last goes in part.

    Args:
        scores: float64 [pieces] of each matrix.
        sizes: [matrices], the number of weights of each.
        target: sparsity in (0, 1).

    Returns:
        float64 [matrices]; their mean, weighted by the sizes, is the target.
    """
    pieces = np.array([len(own) for own in scores])
    owner = np.repeat(np.arange(len(scores)), pieces)
    order = np.argsort(np.concatenate(scores), kind="stable")
    weights = np.repeat(sizes / pieces, pieces)[order]
    before = np.cumsum(weights) - weights
    gone = np.clip(target * sizes.sum() - before, 0.0, weights)
    return np.bincount(owner[order], gone, len(scores)) / sizes
