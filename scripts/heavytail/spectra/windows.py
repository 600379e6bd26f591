"""Overlapping square windows of a matrix, as FARMS' repository lays them (arXiv 2506.06280).

A spectrum's shape depends on its matrix's aspect ratio, so those of matrices of different shapes do
not compare; those of windows of one shape do.
"""

import torch

from heavytail.spectra.block_weights import BlockWeights
from heavytail.spectra.gram import eigenvalues
from heavytail.spectra.parallel import each

# Rows and columns of a window; of a smaller matrix, its smaller side.
SIDE = 2000


def starts(length: int, side: int, positions: int) -> range:
    """Where windows begin along one side of a matrix: equal steps, rounded down to whole numbers.

    Args:
        length: of the matrix's side.
        side: of the windows, at most `length`.
        positions: how many there are, at least 2; fewer if the windows would coincide.
    """
    step = max(1, (length - side) // (positions - 1))
    count = min(positions, (length - side) // step + 1)
    return range(0, count * step, step)


def pooled(weight: torch.Tensor, positions: int) -> torch.Tensor:
    """The eigenvalues of all windows, float64 [windows · side], ascending.

    Args:
        weight: [rows, columns].
        positions: of windows along each side of the matrix.
    """
    side = min(SIDE, *weight.shape)
    rows, columns = (starts(length, side, positions) for length in weight.shape)
    found = [
        eigenvalues(weight[row : row + side, column : column + side])
        for row in rows
        for column in columns
    ]
    return torch.cat(found).sort().values


def measure(block: BlockWeights, positions: int) -> dict[str, torch.Tensor]:
    """Projection → `pooled` eigenvalues of its matrix."""

    def solved(projection: str) -> torch.Tensor:
        return pooled(block.weight(projection), positions).cpu()

    found = each(solved, block.projections, block.solver_bytes(), block.device)
    return dict(zip(block.projections, found, strict=True))
