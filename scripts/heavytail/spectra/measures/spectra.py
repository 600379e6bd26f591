"""The spectrum of every matrix."""

import math

import torch

from heavytail.spectra.block_weights import BlockWeights
from heavytail.spectra.gram import eigenvalues
from heavytail.spectra.parallel import each

# Matrices of one shape are solved in one call if all of them in float64 take no more bytes.
BATCH_BYTES = 2**26


def measure(block: BlockWeights) -> dict[str, torch.Tensor]:
    """Projection → eigenvalues of WᵀW, float64 [min(rows, columns)], ascending."""

    def solved(names: tuple[str, ...]) -> dict[str, torch.Tensor]:
        weights = [block.weight(name) for name in names]
        # A single matrix is not stacked, because that would copy it.
        batch = torch.stack(weights) if len(weights) > 1 else weights.pop()[None]
        return dict(zip(names, eigenvalues(batch).cpu(), strict=True))

    found: dict[str, torch.Tensor] = {}
    for part in each(solved, batches(block), block.solver_bytes(), block.device):
        found |= part
    return found


def batches(block: BlockWeights) -> list[tuple[str, ...]]:
    """The projections in groups of one shape, small enough to be solved in one call.

    The largest come first. If one of them started last, all other threads would wait for it.
    """
    by_shape: dict[tuple[int, ...], list[str]] = {}
    for projection in sorted(block.projections, key=lambda p: -math.prod(block.shape(p))):
        by_shape.setdefault(block.shape(projection), []).append(projection)
    found = []
    for (rows, columns), names in by_shape.items():
        count = max(1, BATCH_BYTES // (8 * rows * columns))
        found += [tuple(names[start : start + count]) for start in range(0, len(names), count)]
    return found
