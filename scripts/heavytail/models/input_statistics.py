"""Statistics of what the projections of one block read."""

from contextlib import suppress
from typing import Any, Protocol, TypeVar, cast

import torch
from torch import nn

from heavytail.models.hidden_states import HiddenStates
from heavytail.models.layout import stages
from heavytail.models.streaming import StreamedModel


class Statistic(Protocol):
    """Anything that is summed up over the inputs of a projection."""

    def __init__(self, columns: int, device: torch.device):
        """Start with no tokens; `columns` is the number of input features."""

    def add(self, inputs: torch.Tensor) -> None:
        """Take in activations [..., columns]."""


Gathered = TypeVar("Gathered", bound=Statistic)


class _Seen(Exception):
    """Ends a forward pass of whose remaining products nobody reads anything."""


def input_statistics(
    model: StreamedModel,
    statistic: type[Gathered],
    index: int,
    block: nn.Module,
    states: HiddenStates,
) -> dict[tuple[str, ...], Gathered]:
    """Projections that read the same activations → one statistic of these.

    Args:
        model: whose block it is.
        statistic: what is summed up.
        index: of the block.
        block: on the device.
        states: the block's inputs, which stay as they are.
    """
    found: dict[tuple[str, ...], Gathered] = {}
    hooks = []
    for sharing in stages(model.slices):
        module = cast(nn.Linear, block.get_submodule(model.slices[sharing[0]].module))
        found[sharing] = statistic(module.in_features, model.device)

        def see(
            _module: nn.Module, inputs: tuple[Any, ...], sharing: tuple[str, ...] = sharing
        ) -> None:
            found[sharing].add(inputs[0])
            # The last one reached is found's last: no later projection is waiting for its output.
            if sharing == next(reversed(found)):
                raise _Seen

        hooks.append(module.register_forward_pre_hook(see))
    for hidden in states:
        with suppress(_Seen):
            model.through(index, block, hidden)
    for hook in hooks:
        hook.remove()
    return found
