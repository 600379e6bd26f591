"""LSA: what loses less by a greedy removal keeps more, by block, part or matrix (ICLR 2026)."""

import csv
import math

import numpy as np

from heavytail.allocation.outlier_map import complement, outlier_map
from heavytail.allocation.settings import Parts
from heavytail.allocation.target import shifted_to_target
from heavytail.projections import ATTENTION, Matrix, key_of, projection_of


def read_errors(path: str) -> dict[Matrix, float]:
    """(block, projection) → what the removal of half of its weights costs.

    Raises ValueError, which names the matrix, if one is not finite.
    """
    with open(path, newline="", encoding="utf-8") as handle:
        rows = csv.DictReader(handle)
        found = {(int(row["block"]), row["projection"]): float(row["error"]) for row in rows}
    for matrix, error in found.items():
        if not math.isfinite(error):
            raise ValueError(
                f"the removal errors cannot guide the blocks: {key_of(*matrix)}: found {error}, "
                "expected a finite number"
            )
    return found


def ratios(sizes: dict[Matrix, int], settings: Parts, guide: str) -> np.ndarray:
    """Ratios that fall with I = 1 − E/Σ E, of the mean error E of a block, a part or a matrix.

    Blocks are mapped as OWL and DLP map them. With parts or matrices, d is I mapped to [0, 2β] over
    all matrices, and each loses S + (mean d − d) · N̄/N, with N its number of weights and N̄ their
    mean: equal d is an equal number of weights.

    Args:
        sizes: (block, projection) → number of weights.
        settings: "epsilon", the paper's β; "parts": block, attention_mlp or matrix; "sparsity", S.
        guide: the table of errors.

    Returns:
        float64 [matrices].
    """
    errors = read_errors(guide)
    if settings["parts"] == "block":
        blocks = np.array([block for block, _ in sizes])
        own = np.array([errors[matrix] for matrix in sizes])
        means = np.bincount(blocks, own) / np.bincount(blocks)
        return outlier_map(complement(means), sizes, settings["epsilon"], settings["sparsity"])
    parts: dict[object, list[float]] = {}
    for matrix in sizes:
        parts.setdefault(_part(matrix, settings["parts"]), []).append(errors[matrix])
    means = np.array([np.mean(parts[_part(matrix, settings["parts"])]) for matrix in sizes])
    importance, weights = complement(means), np.array(list(sizes.values()), dtype=float)
    extent = importance.max() - importance.min()
    spared = (importance - importance.min()) / extent if extent else np.zeros_like(importance)
    lost = 2 * settings["epsilon"] * (spared.mean() - spared)
    relative = settings["sparsity"] + lost * weights.mean() / weights
    return shifted_to_target(relative, weights, settings["sparsity"])


def _part(matrix: Matrix, parts: str) -> object:
    """What shares an error with a matrix: it alone, or the attention or MLP of its block."""
    block, name = matrix
    return matrix if parts == "matrix" else (block, projection_of(name) in ATTENTION)
