"""The map that OWL and DLP share: a block keeps more if the score of its weights is larger."""

import csv

import numpy as np

from heavytail.allocation.target import shifted_to_target
from heavytail.projections import Matrix


def read_scores(path: str, column: str) -> np.ndarray:
    """One column of the table of a model's Wanda scores, float64 [blocks].

    Raises ValueError, which names the block, if a score is not finite.
    """
    with open(path, newline="", encoding="utf-8") as handle:
        found = np.array([float(row[column]) for row in csv.DictReader(handle)])
    for block in np.flatnonzero(~np.isfinite(found)):
        raise ValueError(
            f"the Wanda scores cannot guide the blocks: block {block}: found {found[block]}, "
            "expected a finite number"
        )
    return found


def complement(scores: np.ndarray) -> np.ndarray:
    """1 − x/Σ x of every score x, float64 like them; if all are 0, equal numbers."""
    total = scores.sum()
    return 1 - scores / total if total else np.ones_like(scores)


def outlier_map(
    scores: np.ndarray, sizes: dict[Matrix, int], spread: float, target: float
) -> np.ndarray:
    """Ratios that fall linearly with the score and differ by twice `spread` (OWL, section 3.2).

    Args:
        scores: float64 [blocks].
        sizes: (block, projection) → number of weights.
        spread: OWL's λ, DLP's α.
        target: sparsity in (0, 1).

    Returns:
        float64 [matrices]; their parameter-weighted mean is the target.
    """
    extent = scores.max() - scores.min()
    kept = (scores - scores.min()) / extent * 2 * spread if extent else np.zeros_like(scores)
    weights = np.array(list(sizes.values()))
    return shifted_to_target(-kept[[block for block, _ in sizes]], weights, target)
