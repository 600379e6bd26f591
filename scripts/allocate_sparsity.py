"""Compute the sparsity of every matrix from the guides of an allocation."""

import math
from pathlib import Path

from heavytail.allocation.ratios import ratios_of
from heavytail.allocation.settings import RatioSettings
from heavytail.allocation.table import write_ratios
from heavytail.config.entries import Candidate
from heavytail.io.files import read_json
from heavytail.models.checkpoint import Checkpoint
from heavytail.projections import Matrix, matrix_of
from heavytail.running.jobs import logged
from heavytail.running.wholeness import require_whole


def shapes_of(model: str) -> dict[Matrix, tuple[int, int]]:
    """(block, projection) → shape of the matrix, from the weights or from published.json."""
    if Path(model).name == "published.json":
        shapes = read_json(model)["shapes"]
        return {matrix_of(key): tuple(shape) for key, shape in shapes.items()}
    return Checkpoint(Path(model).parent).matrices()


def allocate_sparsity(
    model: str, guides: dict[str, str], settings: RatioSettings, output: str
) -> None:
    """Write the table of ratios.

    Args:
        model: provenance.json in the model's folder, or published.json if it has no weights.
        guides: files as `ratios_of` reads them and, if trials chose settings, "tuned".
        settings: those of the allocation.
        output: the CSV file to write.
    """
    shapes = shapes_of(model)
    if "tuned" in guides:
        chosen: Candidate = read_json(guides["tuned"])["chosen"]
        settings = {**settings, **chosen}
    ratios = ratios_of(shapes, settings, guides)
    sizes = {matrix: math.prod(shape) for matrix, shape in shapes.items()}
    write_ratios(output, sizes, list(ratios.values()))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        require_whole(snakemake.input)
        guides = {name: path for name, path in snakemake.input.items() if name != "model" and path}
        allocate_sparsity(
            snakemake.input.model, guides, snakemake.params.settings, snakemake.output.ratios
        )
