"""Statistics of the inputs of the projections of one block."""

from contextlib import suppress
from typing import Any, Protocol, TypeVar

import torch
from torch import nn

from heavytail.models.hidden_states import HiddenStates
from heavytail.models.layout import stages
from heavytail.models.streaming import StreamedModel


class Statistic(Protocol):
    """Anything that is accumulated over the inputs of a projection."""

    def __init__(self, columns: int, device: torch.device):
        """Start with no tokens; `columns` is the number of input features."""

    def add(self, inputs: torch.Tensor) -> None:
        """Accumulate activations [..., columns]."""


Gathered = TypeVar("Gathered", bound=Statistic)


class _Seen(Exception):
    """Ends a forward pass if nothing reads its remaining products."""


def input_statistics(
    model: StreamedModel,
    statistic: type[Gathered],
    index: int,
    block: nn.Module,
    states: HiddenStates,
) -> dict[tuple[str, ...], Gathered]:
    """Projections that read the same activations → one statistic of these activations.

    Args:
        model: the model of the block.
        statistic: what is accumulated.
        index: the index of the block.
        block: the block, loaded on the device.
        states: the inputs of the block; they are not changed.
    """
    found: dict[tuple[str, ...], Gathered] = {}
    hooks = []
    for sharing in stages(model.slices):
        module = block.get_submodule(model.slices[sharing[0]].module)
        found[sharing] = statistic(model.weight(block, sharing[0]).shape[1], model.device)

        def see(
            _module: nn.Module, inputs: tuple[Any, ...], sharing: tuple[str, ...] = sharing
        ) -> None:
            found[sharing].add(inputs[0])
            # These projections are the last of `found`: no later one needs their output.
            if sharing == next(reversed(found)):
                raise _Seen

        hooks.append(module.register_forward_pre_hook(see))
    for hidden in states:
        with suppress(_Seen):
            model.through(index, block, hidden)
    for hook in hooks:
        hook.remove()
    return found
