"""The hidden states before and after every block of a model."""

from pathlib import Path

import torch
from torch import nn

from heavytail.models.hidden_states import HiddenStates
from heavytail.models.streaming import StreamedModel, batches_of


def trajectory(
    model: StreamedModel, windows: torch.Tensor, folder: Path, budget: float
) -> list[HiddenStates]:
    """The hidden states before each block, and after the last one.

    Args:
        model: the model.
        windows: token ids, int64 [windows, length].
        folder, budget: hidden states beyond `budget` bytes are stored in files below `folder`.
    """
    share = budget / (len(model.layers) + 1)
    found = []

    def keep(index: int, _block: nn.Module, states: HiddenStates) -> None:
        found.append(HiddenStates(folder / str(index), share))
        for hidden in states:
            found[-1].append(hidden)

    last = model.run(model.embed(batches_of(windows), folder / "last", share), keep)
    return [*found, last]
