"""The pooled spectrum of 15 × 15 overlapping windows of every matrix (FARMS, arXiv 2506.06280)."""

import torch

from heavytail.spectra import windows
from heavytail.spectra.block_weights import BlockWeights


def measure(block: BlockWeights) -> dict[str, torch.Tensor]:
    """Projection → eigenvalues of all its windows together, float64, ascending."""
    return windows.measure(block, 15)
