"""Tables of ratios, the sparsity of every matrix: block,projection,parameters,sparsity."""

import csv
from pathlib import Path

from heavytail.io.files import replacing
from heavytail.projections import Matrix


def write_ratios(path: str | Path, sizes: dict[Matrix, int], ratios: list[float]) -> None:
    """Write the number of weights and the ratio of each matrix, completely or not at all."""
    with replacing(path) as temporary, open(temporary, "w", newline="") as handle:
        table = csv.writer(handle, lineterminator="\n")
        table.writerow(["block", "projection", "parameters", "sparsity"])
        for (block, projection), ratio in zip(sizes, ratios, strict=True):
            table.writerow([block, projection, sizes[block, projection], repr(float(ratio))])


def read_ratios(path: str | Path) -> tuple[dict[Matrix, float], dict[Matrix, int]]:
    """The ratio of each matrix, and the number of weights of each matrix."""
    with open(path, newline="") as handle:
        rows = {(int(row["block"]), row["projection"]): row for row in csv.DictReader(handle)}
    ratios = {matrix: float(row["sparsity"]) for matrix, row in rows.items()}
    return ratios, {matrix: int(row["parameters"]) for matrix, row in rows.items()}
