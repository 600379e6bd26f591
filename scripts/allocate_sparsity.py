"""Turn a model's metrics into the sparsity of every matrix."""

import csv
import math
from pathlib import Path

import numpy as np

from heavytail import allocation
from heavytail.checkpoint import Checkpoint
from heavytail.jobs import logged
from heavytail.projections import PROJECTIONS
from heavytail.ratio_table import write_ratios
from heavytail.wholeness import require_whole


def read_metric(path: str, metric: str) -> dict[tuple[int, str], float]:
    """(block, projection) → value of one metric of the tidy table."""
    with open(path, newline="") as handle:
        return {
            (int(row["block"]), row["projection"]): float(row["value"])
            for row in csv.DictReader(handle)
            if row["metric"] == metric
        }


def guides(wanted: list[str], owned: set[str]) -> tuple[str, ...]:
    """The projections that guide: all that are wanted, or of all seven those that blocks have.

    Raises ValueError, naming the config key, where blocks lack one that was chosen.
    """
    lacking = [projection for projection in wanted if projection not in owned]
    if lacking and sorted(wanted) != sorted(PROJECTIONS):
        raise ValueError(
            f"grouping: found {', '.join(lacking)}, expected projections of this model's blocks: "
            f"{', '.join(p for p in PROJECTIONS if p in owned)}"
        )
    return tuple(projection for projection in wanted if projection in owned)


def relative_ratios(metrics: str, settings: dict, matrices: list[tuple[int, str]]) -> np.ndarray:
    """The ratio of each matrix's block before scaling to the target, float64 [matrices]."""
    if settings["allocator"] == "uniform":
        return np.ones(len(matrices))
    metric = read_metric(metrics, settings["metric"])
    chosen = guides(settings["projections"], {projection for _, projection in matrices})
    blocks = [block for block, _ in matrices]
    try:
        scores = allocation.block_scores(metric, chosen)
    except ValueError as error:
        raise ValueError(f"{settings['metric']} cannot guide the blocks: {error}") from error
    return allocation.linear_map(settings["direction"] * scores, settings["epsilon"])[blocks]


def check_pattern(shapes: dict[tuple[int, str], tuple[int, int]], of: int) -> None:
    """Raise ValueError, naming the config key, where N:M does not fit the rows of a matrix."""
    for (block, projection), (_, columns) in shapes.items():
        if columns % of:
            raise ValueError(
                f"sparsity: found N:{of}, expected an M that divides the rows of every matrix: "
                f"those of {block}.{projection} have {columns} weights"
            )


def allocate_sparsity(model: str, metrics: str, settings: dict, output: str) -> None:
    """Write the table of ratios; their parameter-weighted mean is the target."""
    shapes = Checkpoint(Path(model).parent).matrices()
    sizes = {matrix: math.prod(shape) for matrix, shape in shapes.items()}
    weights, target = np.array(list(sizes.values())), settings["sparsity"]
    relative = relative_ratios(metrics, settings, list(sizes))
    ratios = allocation.to_target(relative, weights, target)
    if settings["of"]:
        check_pattern(shapes, settings["of"])
        ratios = allocation.to_units(ratios, weights, target, settings["of"])
    write_ratios(output, sizes, list(ratios))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        require_whole(snakemake.input)
        allocate_sparsity(
            snakemake.input.model,
            snakemake.input.get("metrics"),
            snakemake.params.settings,
            snakemake.output.ratios,
        )
