"""Two scores of every matrix's weights in ascending order, as a global threshold needs them.

Large matrices keep a sample: the score at the middle of each of `PIECES` parts of equal size.
"""

import torch

from heavytail.spectra.block_weights import BlockWeights

PIECES = 4096


def measure(block: BlockWeights) -> dict[str, torch.Tensor]:
    """Projection → `scores` of its matrix, on the CPU."""
    return {name: scores(block.weight(name)).cpu() for name in block.projections}


def scores(weight: torch.Tensor) -> torch.Tensor:
    """Magnitudes and LAMP scores, float64 [2, min(entries, PIECES)], ascending both.

    LAMP (Lee et al., arXiv 2010.07611) divides the square of a weight by the sum of the squares of
    all weights of its matrix that are not smaller: those that are left when it is removed.

    Args:
        weight: [rows, columns].
    """
    # One matrix may be the largest thing here: it is sorted in its own precision.
    ranked = weight.abs().flatten().sort().values
    edges = torch.arange(min(len(ranked), PIECES) + 1, device=weight.device)
    edges = edges * len(ranked) // (len(edges) - 1)
    middles = (edges[:-1] + edges[1:]) // 2
    left = torch.cat([piece.double().square().sum()[None] for piece in _between(ranked, middles)])
    remaining = left.flip(0).cumsum(0).flip(0)
    magnitudes = ranked[middles].double()
    # The remaining squares are zero only where the weight is.
    lamp = magnitudes.square() / remaining.clamp_min(torch.finfo(torch.float64).tiny)
    return torch.stack([magnitudes, lamp])


def _between(ranked: torch.Tensor, starts: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """The parts of `ranked` that begin at `starts`, each up to the next one."""
    return ranked[starts[0] :].split([*starts.diff().tolist(), len(ranked) - int(starts[-1])])
