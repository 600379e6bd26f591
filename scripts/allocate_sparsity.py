"""Turn what guides the blocks into the sparsity of every matrix."""

import importlib
import math
from pathlib import Path

import numpy as np

from heavytail.allocation import to_target, to_units
from heavytail.checkpoint import Checkpoint
from heavytail.files import read_json
from heavytail.jobs import logged
from heavytail.ratio_table import write_ratios
from heavytail.segment_table import read_segments
from heavytail.wholeness import require_whole


def check_pattern(shapes: dict[tuple[int, str], tuple[int, int]], of: int) -> None:
    """Raise ValueError, naming the config key, where N:M does not fit the rows of a matrix."""
    for (block, projection), (_, columns) in shapes.items():
        if columns % of:
            raise ValueError(
                f"sparsity: found N:{of}, expected an M that divides the rows of every matrix: "
                f"those of {block}.{projection} have {columns} weights"
            )


def changed(
    ratios: np.ndarray, matrices: list[tuple[int, str]], settings: dict, guides: dict[str, str]
) -> np.ndarray:
    """Ratios averaged inside segments and blended with what gradients say, where that is asked."""
    # Not at the top: ratios that neither changes do not depend on these modules.
    if settings.get("segments") or settings.get("blend"):
        segments = importlib.import_module("heavytail.segments")
        blocks = 1 + max(block for block, _ in matrices)
        runs = read_segments(guides["segments"]) if "segments" in guides else None
        if runs:
            segments.check_blocks(runs, blocks)
        if settings.get("segments"):
            ratios = segments.averaged(ratios, matrices, runs)
    if settings.get("blend"):
        blend = importlib.import_module("heavytail.blend")
        norms = np.array(read_json(guides["gradients"])["norms"])
        by_segment = settings["blend"]["importance"] == "segments"
        others = blend.gradient_ratios(norms, settings["sparsity"], runs if by_segment else None)
        others = others[[block for block, _ in matrices]]
        ratios = blend.blended(ratios, others, settings["blend"]["weight"])
    return ratios


def allocate_sparsity(model: str, guides: dict[str, str], settings: dict, output: str) -> None:
    """Write the table of ratios; their parameter-weighted mean is the target.

    Args:
        model: provenance.json in the model's folder.
        guides: files by what they hold: "scores" (metrics of spectra, or Wanda scores), "segments",
            "gradients"; those that the settings ask for.
        settings: "allocator" and what it reads, "segments", "blend", "sparsity" and "of".
        output: CSV.
    """
    shapes = Checkpoint(Path(model).parent).matrices()
    sizes = {matrix: math.prod(shape) for matrix, shape in shapes.items()}
    weights, target = np.array(list(sizes.values())), settings["sparsity"]
    allocator = importlib.import_module(f"heavytail.allocators.{settings['allocator']}")
    ratios = allocator.ratios(sizes, settings, guides.get("scores"))
    ratios = to_target(changed(ratios, list(sizes), settings, guides), weights, target)
    if settings["of"]:
        check_pattern(shapes, settings["of"])
        ratios = to_units(ratios, weights, target, settings["of"])
    write_ratios(output, sizes, list(ratios))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        require_whole(snakemake.input)
        guides = {name: path for name, path in snakemake.input.items() if name != "model" and path}
        allocate_sparsity(
            snakemake.input.model, guides, snakemake.params.settings, snakemake.output.ratios
        )
