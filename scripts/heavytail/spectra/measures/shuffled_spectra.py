"""The spectrum of every matrix with its entries shuffled, which owes nothing to training."""

import numpy as np
import torch

from heavytail.spectra.block_weights import BlockWeights
from heavytail.spectra.gram import eigenvalues
from heavytail.spectra.parallel import each

SEED = 0


def measure(block: BlockWeights) -> dict[str, torch.Tensor]:
    """Projection → eigenvalues, float64 [min(rows, columns)], ascending, of the shuffled matrix."""

    def solved(projection: str) -> torch.Tensor:
        seed = (SEED, block.index, block.projections.index(projection))
        return eigenvalues(shuffled(block.weight(projection), seed)).cpu()

    found = each(solved, block.projections, 2 * block.solver_bytes(), block.device)
    return dict(zip(block.projections, found, strict=True))


def shuffled(weight: torch.Tensor, seed: int | tuple[int, ...]) -> torch.Tensor:
    """The matrix, [rows, columns] in its dtype, with its entries in an order that `seed` gives."""
    # NumPy has no bfloat16. Float32 holds every 16-bit float exactly.
    wide = weight.dtype if weight.dtype == torch.float64 else torch.float32
    entries = weight.to("cpu", wide, copy=True).flatten().numpy()
    np.random.default_rng(seed).shuffle(entries)
    return torch.from_numpy(entries).reshape(weight.shape).to(weight)
