"""From the settings of an allocation to the sparsity of every matrix."""

import importlib
import math

import numpy as np

from heavytail.allocation.settings import RatioSettings
from heavytail.allocation.target import shifted_to_target, to_target, to_units, within_units
from heavytail.config.segments import read_segments
from heavytail.io.files import read_json
from heavytail.projections import Matrix, key_of


def ratios_of(
    shapes: dict[Matrix, tuple[int, int]], settings: RatioSettings, guides: dict[str, str]
) -> dict[Matrix, float]:
    """The ratio of every matrix; their parameter-weighted mean is the target.

    Args:
        shapes: the shape of every matrix.
        settings: "allocator" and what it reads, "segments", "blend", "bounds", "sparsity" and
            "group_size", M of N:M.
        guides: the files that the settings need: "scores" (what the allocator reads; if trials
            choose the metric, "metrics_" and the family of the chosen one), "segments" and
            "gradients".

    Raises:
        ValueError: the settings do not fit the model; the message names the config key.
    """
    sizes = {matrix: math.prod(shape) for matrix, shape in shapes.items()}
    weights, target = np.array(list(sizes.values())), settings["sparsity"]
    # Imported by name, so that ratios depend only on the code of their own allocator.
    allocator = importlib.import_module(f"heavytail.allocation.allocators.{settings['allocator']}")
    scores = guides.get("scores") or guides.get(f"metrics_{settings.get('family')}")
    ratios = allocator.ratios(sizes, {**settings, "shapes": shapes}, scores)
    if settings.get("segments") or settings.get("blend"):
        ratios = to_target(_changed(ratios, sizes, settings, guides), weights, target)
    low, high = settings.get("bounds", (0.0, 1.0))
    if group_size := settings["group_size"]:
        _check_pattern(shapes, group_size)
        low, high = within_units((low, high), group_size)
    if "bounds" in settings:
        ratios = shifted_to_target(ratios, weights, target, (low, high))
    if group_size:
        ratios = to_units(ratios, weights, target, group_size, high)
    return dict(zip(sizes, ratios.tolist(), strict=True))


def _changed(
    ratios: np.ndarray, sizes: dict[Matrix, int], settings: RatioSettings, guides: dict[str, str]
) -> np.ndarray:
    """The ratios, averaged inside segments and blended with those of gradients if configured."""
    blocks, runs = [block for block, _ in sizes], None
    if "segments" in guides:
        segments = importlib.import_module("heavytail.allocation.segments")
        runs = read_segments(guides["segments"])
        segments.check_blocks(runs, 1 + max(blocks))
        if settings.get("segments"):
            ratios = segments.averaged(ratios, sizes, runs)
    if settings.get("blend"):
        blend = importlib.import_module("heavytail.allocation.blend")
        norms = np.array(read_json(guides["gradients"])["norms"])
        by_segment = settings["blend"]["importance"] == "segments"
        others = blend.gradient_ratios(norms, settings["sparsity"], runs if by_segment else None)
        ratios = blend.blended(ratios, others[blocks], settings["blend"]["weight"])
    return ratios


def _check_pattern(shapes: dict[Matrix, tuple[int, int]], group_size: int) -> None:
    """Raise ValueError, which names the config key, if N:M does not fit the rows of a matrix."""
    for (block, projection), (_, columns) in shapes.items():
        if columns % group_size:
            raise ValueError(
                f"sparsity: found N:{group_size}, expected an M that divides the rows of every "
                f"matrix: those of {key_of(block, projection)} have {columns} weights"
            )
