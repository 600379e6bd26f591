"""Turn a model's metrics into the sparsity of every matrix."""

import csv
import math
from pathlib import Path

import numpy as np

from heavytail import allocation
from heavytail.checkpoint import Checkpoint
from heavytail.families import matrices
from heavytail.files import whole
from heavytail.jobs import logged
from heavytail.wholeness import require_whole


def read_metric(path: str, metric: str) -> dict[tuple[int, str], float]:
    """(block, projection) → value of one metric of the tidy table."""
    with open(path, newline="") as handle:
        return {
            (int(row["block"]), row["projection"]): float(row["value"])
            for row in csv.DictReader(handle)
            if row["metric"] == metric
        }


def relative_ratios(metrics: str, settings: dict, blocks: list[int]) -> np.ndarray:
    """The ratio of each matrix's block before scaling to the target, float64 [matrices]."""
    if settings["allocator"] == "uniform":
        return np.ones(len(blocks))
    metric = read_metric(metrics, settings["metric"])
    try:
        scores = allocation.block_scores(metric, settings["projections"])
    except ValueError as error:
        raise ValueError(f"{settings['metric']} cannot guide the blocks: {error}") from error
    return allocation.linear_map(settings["direction"] * scores, settings["epsilon"])[blocks]


def allocate_sparsity(model: str, metrics: str, settings: dict, output: str) -> None:
    """Write block,projection,parameters,sparsity; the weighted mean sparsity is the target."""
    checkpoint = Checkpoint(Path(model).parent)
    found = list(matrices(checkpoint))
    sizes = [math.prod(checkpoint.shape(name)) for _block, _projection, name in found]
    relative = relative_ratios(metrics, settings, [block for block, *_ in found])
    ratios = allocation.to_target(relative, np.array(sizes), settings["sparsity"])
    with whole(output) as path, open(path, "w", newline="") as handle:
        table = csv.writer(handle, lineterminator="\n")
        table.writerow(["block", "projection", "parameters", "sparsity"])
        for (block, projection, _), size, ratio in zip(found, sizes, ratios, strict=True):
            table.writerow([block, projection, size, repr(float(ratio))])


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        require_whole(snakemake.input)
        allocate_sparsity(
            snakemake.input.model,
            snakemake.input.get("metrics"),
            snakemake.params.settings,
            snakemake.output.ratios,
        )
