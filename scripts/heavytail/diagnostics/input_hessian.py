"""Spectra of the layer-input Hessians XᵀX, where X is the input of a projection."""

import logging
from collections.abc import Iterator
from pathlib import Path
from zlib import crc32

import numpy as np
import torch
from torch import Tensor, nn

from heavytail.models.checkpoint import Place
from heavytail.models.hidden_states import HiddenStates
from heavytail.models.input_statistics import input_statistics
from heavytail.models.streaming import StreamedModel, batches_of

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


class FreshModel(StreamedModel):
    """A streamed model with the random initialisation of its architecture in place of weights."""

    def __init__(self, folder: str | Path, device: torch.device, seed: int):
        """Open `folder` for its configuration; `seed` decides the weights."""
        super().__init__(folder, device)
        self.seed = seed

    def read(self, module: nn.Module, prefix: str) -> Iterator[tuple[str, Place, Tensor]]:
        """Each weight of a module, initialised afresh; a prefix always gets the same ones."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(crc32(f"{self.seed} {prefix}".encode()))
            fresh = {
                name: torch.empty_like(parameter, device="cpu")
                for name, parameter in module.named_parameters()
            }
            module.load_state_dict(fresh, strict=False, assign=True)
            for part in module.modules():
                self.causal._init_weights(part)
        for name, weight in module.state_dict().items():
            yield name, ..., weight


def input_spectra(
    folder: str | Path, windows: Tensor, device: torch.device, seed: int | None = None
) -> list[tuple[int, tuple[str, ...], np.ndarray]]:
    """For every X [tokens, columns]: its block, the projections that read it, eigenvalues of XᵀX.

    `windows` are token ids, int64 [windows, length]. The eigenvalues are float64 [columns],
    descending, and clamped at zero; if there are fewer tokens than columns, the last
    columns − tokens are rounding noise. An expert that no token reaches has none. With a `seed` the
    architecture is initialised at random instead, block by block too.

    Raises ValueError if the family is not supported.
    """
    found: list[tuple[int, tuple[str, ...], np.ndarray]] = []
    model = StreamedModel(folder, device) if seed is None else FreshModel(folder, device, seed)

    def visit(index: int, block: nn.Module, states: HiddenStates) -> None:
        before = len(found)
        for sharing, gram in input_statistics(model, Gram, index, block, states):
            if gram:
                values = torch.linalg.eigvalsh(gram.total).clamp_(min=0.0)
                found.append((index, sharing, values.flip(0).cpu().numpy()))
        log.info("block %d: spectra of %d inputs", index, len(found) - before)

    model.run(model.embed(batches_of(windows)), visit)
    return found
