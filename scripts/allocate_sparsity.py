"""Turn what guides the blocks into the sparsity of every matrix."""

import math
from pathlib import Path

from heavytail.checkpoint import Checkpoint
from heavytail.files import read_json
from heavytail.jobs import logged
from heavytail.ratio_table import write_ratios
from heavytail.ratios import ratios_of
from heavytail.wholeness import require_whole


def allocate_sparsity(model: str, guides: dict[str, str], settings: dict, output: str) -> None:
    """Write the table of ratios.

    Args:
        model: provenance.json in the model's folder.
        guides: files as `ratios_of` reads them, and "tuned", where settings were chosen by trials.
        settings: of the allocation.
        output: CSV.
    """
    shapes = Checkpoint(Path(model).parent).matrices()
    if "tuned" in guides:
        settings = settings | read_json(guides["tuned"])["chosen"]
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
