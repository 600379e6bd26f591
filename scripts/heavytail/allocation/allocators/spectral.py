"""Sparsity from a metric of spectra, as AlphaPruning maps it (arXiv 2410.10912)."""

import csv

import numpy as np

from heavytail.allocation.settings import Spectral
from heavytail.allocation.target import linear_map, to_target
from heavytail.projections import ATTENTION, MLP, PROJECTIONS, Matrix, key_of, projection_of


def read_metric(path: str, metric: str) -> dict[Matrix, float]:
    """(block, projection) → value of one metric of the tidy table."""
    with open(path, newline="") as handle:
        return {
            (int(row["block"]), row["projection"]): float(row["value"])
            for row in csv.DictReader(handle)
            if row["metric"] == metric
        }


def guides(wanted: list[str], owned: set[str]) -> tuple[str, ...]:
    """The projections that guide: all `wanted` ones. Of all seven, those that the blocks have.

    Raises ValueError, which names the config key, if blocks lack a projection of a smaller choice.
    """
    lacking = [projection for projection in wanted if projection not in owned]
    if lacking and sorted(wanted) != sorted(PROJECTIONS):
        raise ValueError(
            f"grouping: found {', '.join(lacking)}, expected projections of this model's blocks: "
            f"{', '.join(p for p in PROJECTIONS if p in owned)}"
        )
    return tuple(projection for projection in wanted if projection in owned)


def block_scores(
    metric: dict[Matrix, float], projections: tuple[str, ...], sizes: dict[Matrix, int]
) -> np.ndarray:
    """The score of each block: the unweighted mean of a metric over the grouping's projections.

    Of a mixture, a projection has the mean of its experts, each weighted by its parameters.

    Args:
        metric: (block, name) → value.
        projections: the grouping.
        sizes: (block, name) → number of weights.

    Returns:
        float64 [blocks].

    Raises:
        ValueError: a value is not finite; the message names the matrix.
    """
    of_experts: dict[Matrix, list[Matrix]] = {}
    for block, name in sizes:
        of_experts.setdefault((block, projection_of(name)), []).append((block, name))

    def mean(matrices: list[Matrix]) -> float:
        total = sum(sizes[matrix] for matrix in matrices)
        return sum(sizes[matrix] / total * finite(metric, matrix) for matrix in matrices)

    blocks = 1 + max(block for block, _ in sizes)
    values = [[mean(of_experts[block, p]) for p in projections] for block in range(blocks)]
    return np.array(values).mean(axis=1)


def finite(metric: dict[Matrix, float], matrix: Matrix) -> float:
    """A metric of a matrix. Raises ValueError, which names the matrix, if it is not finite."""
    if not np.isfinite(metric[matrix]):
        raise ValueError(f"{key_of(*matrix)}: found {metric[matrix]}, expected a finite number")
    return metric[matrix]


def relative_ratios(
    metric: dict[Matrix, float],
    chosen: tuple[str, ...],
    settings: Spectral,
    sizes: dict[Matrix, int],
) -> np.ndarray:
    """Ratios before they are scaled to the target, float64 [matrices].

    Args:
        metric: its value for every matrix.
        chosen: the projections of the grouping.
        settings: "mapping", "direction" and "epsilon". With the mapping `block`, the score of the
            grouping is mapped, for all matrices of a block. With `attention_mlp`, attention and MLP
            are scored and mapped separately, each by its own projections of the grouping. With
            `matrix`, every matrix is mapped by its own metric.
        sizes: the number of weights of each matrix.
    """

    def mapped(scores: np.ndarray) -> np.ndarray:
        return linear_map(settings["direction"] * scores, settings["epsilon"])

    blocks = np.array([block for block, _ in sizes])
    if settings["mapping"] == "block":
        return mapped(block_scores(metric, chosen, sizes))[blocks]
    if settings["mapping"] == "matrix":
        return mapped(np.array([finite(metric, matrix) for matrix in sizes]))
    attention, mlp = (
        mapped(block_scores(metric, tuple(p for p in chosen if p in part), sizes))[blocks]
        for part in (ATTENTION, MLP)
    )
    attends = [projection_of(name) in ATTENTION for _, name in sizes]
    return np.where(attends, attention, mlp)


def ratios(sizes: dict[Matrix, int], settings: Spectral, guide: str) -> np.ndarray:
    """The scores of the grouping, mapped linearly and scaled to the target.

    Args:
        sizes: (block, projection) → number of weights.
        settings: "metric", "projections", "sparsity", and those that `relative_ratios` reads.
        guide: the tidy table of metrics.

    Returns:
        float64 [matrices].

    Raises:
        ValueError: the blocks lack a projection, or a metric is not finite.
    """
    metric = read_metric(guide, settings["metric"])
    chosen = guides(settings["projections"], {projection_of(name) for _, name in sizes})
    try:
        relative = relative_ratios(metric, chosen, settings, sizes)
    except ValueError as error:
        raise ValueError(f"{settings['metric']} cannot guide the blocks: {error}") from error
    return to_target(relative, np.array(list(sizes.values())), settings["sparsity"])
