"""The pooled spectrum of every matrix's square submatrices (FARMS, arXiv 2506.06280).

The shape of a spectrum depends on the aspect ratio of its matrix. So spectra of matrices of
different shapes are not comparable, but those of submatrices of one aspect ratio are. Here the
submatrices are squares, half as long as the smaller side of the matrix. They tile it without
overlap; the rest at the edges is not used.
"""

import torch

from heavytail.spectra.block_weights import BlockWeights
from heavytail.spectra.gram import eigenvalues
from heavytail.spectra.parallel import each


def measure(block: BlockWeights) -> dict[str, torch.Tensor]:
    """Projection → the eigenvalues of all its submatrices together, float64, ascending."""

    def solved(projection: str) -> torch.Tensor:
        return pooled(block.weight(projection)).cpu()

    found = each(solved, block.projections, block.solver_bytes(), block.device)
    return dict(zip(block.projections, found, strict=True))


def submatrices(weight: torch.Tensor) -> torch.Tensor:
    """The square tiles of a matrix, as a view [down, across, side, side]."""
    side = max(1, min(weight.shape) // 2)
    return weight.unfold(0, side, side).unfold(1, side, side)


def pooled(weight: torch.Tensor) -> torch.Tensor:
    """The eigenvalues of all tiles, a sample of their mean density, float64 [tiles · side]."""
    rows = [eigenvalues(row_of_tiles).flatten() for row_of_tiles in submatrices(weight)]
    return torch.cat(rows).sort().values
