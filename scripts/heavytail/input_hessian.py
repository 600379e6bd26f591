"""Spectra of the layer-input Hessians XᵀX, X being what a projection reads."""

import logging
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch
from torch import Tensor, nn

from heavytail.families import SHARED_INPUTS
from heavytail.pruning import input_statistics
from heavytail.streaming import StreamedModel, batches_of

log = logging.getLogger(__name__)


class Gram:
    """XᵀX over all tokens, a sum in float64 (of float32 products on a GPU)."""

    def __init__(self, columns: int, device: torch.device):
        """Start with no tokens; `columns` is the number of input features."""
        self.total = torch.zeros(columns, columns, dtype=torch.float64, device=device)

    def add(self, inputs: Tensor) -> None:
        """Accumulate activations [..., columns]."""
        rows = inputs.flatten(0, -2).to(torch.float32 if inputs.is_cuda else torch.float64)
        self.total += rows.T @ rows


def input_spectra(
    folder: str | Path, windows: Tensor, device: torch.device
) -> list[tuple[int, tuple[str, ...], np.ndarray]]:
    """Block, projections that read X [tokens, columns], and the eigenvalues of XᵀX, for every X.

    `windows`: token ids, int64 [windows, length]. Eigenvalues: float64 [columns], descending,
    clamped at zero; with fewer tokens than columns the last columns − tokens are rounding noise.
    Raises ValueError for a family that is not supported.
    """
    model, found = StreamedModel(folder, device), []

    def visit(index: int, block: nn.Module, activations: list) -> None:
        grams = input_statistics(model, SimpleNamespace(Statistic=Gram), block, activations)
        for sharing in SHARED_INPUTS:
            values = torch.linalg.eigvalsh(grams[sharing[0]].total).clamp_(min=0.0)
            found.append((index, sharing, values.flip(0).cpu().numpy()))
        log.info("block %d: spectra of %d inputs", index, len(SHARED_INPUTS))

    model.run(model.embed(batches_of(windows)), visit)
    return found
