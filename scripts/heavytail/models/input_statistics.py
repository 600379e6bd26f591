"""Statistics of the inputs of the projections of one block."""

from collections.abc import Iterator
from contextlib import suppress
from itertools import groupby
from typing import Any, Protocol, TypeVar

import torch
from torch import nn

from heavytail.models.experts import Routed
from heavytail.models.hidden_states import HiddenStates
from heavytail.models.layout import WeightSlice, stages
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


class Stop:
    """A module of a block, what its inputs are gathered in, and the stages that read them."""

    def __init__(
        self,
        model: StreamedModel,
        statistic: type[Statistic],
        index: int,
        stages: list[tuple[str, ...]],
        states: HiddenStates,
    ):
        """Start with no tokens.

        Args:
            model, statistic, index, states: as of `input_statistics`.
            stages: those that read what one module is given: one, or all those of experts.
        """
        self.model, self.index, self.stages, self.kind = model, index, stages, statistic
        part = self._part(stages[0])
        self.module = model.layers[index].get_submodule(part.module)
        self._own: Any = None
        self._routed: Routed | None = None
        if part.expert is None:
            self._own = self._empty(stages[0])
        else:
            self._routed = Routed(self.module, states.beside("experts"))

    def _part(self, stage: tuple[str, ...]) -> WeightSlice:
        return self.model.slices[self.index][stage[0]]

    def _empty(self, stage: tuple[str, ...]) -> Statistic:
        columns = self.model.weight(self.index, stage[0]).shape[1]
        return self.kind(columns, self.model.device)

    def see(self, inputs: tuple[Any, ...], keywords: dict[str, Any]) -> None:
        """Take in what the module is given."""
        if self._routed is None:
            self._own.add(inputs[0])
        else:
            self._routed.add(*inputs, *keywords.values())

    def take(self, stage: tuple[str, ...]) -> Any:
        """The statistic of the inputs of a stage, once; None of an expert that no token reached.

        That of an expert is computed here, with the weights that it now has.
        """
        if self._routed is None:
            own, self._own = self._own, None
            return own
        found, part, tokens = self._empty(stage), self._part(stage), 0
        for rows in self._routed.inputs_of(part):
            found.add(rows)
            tokens += len(rows)
        return found if tokens else None

    def together(self) -> Iterator[list[tuple[str, ...]]]:
        """The stages, those of one expert together."""
        for _, same in groupby(self.stages, lambda stage: self._part(stage).expert):
            yield list(same)


def stops_of(
    model: StreamedModel, statistic: type[Statistic], index: int, states: HiddenStates
) -> Iterator[Stop]:
    """The stops of a block in forward order; arguments as of `input_statistics`."""
    slices = model.slices[index]
    for _, same in groupby(stages(slices), lambda stage: slices[stage[0]].module):
        yield Stop(model, statistic, index, list(same), states)


def input_statistics(
    model: StreamedModel,
    statistic: type[Gathered],
    index: int,
    block: nn.Module,
    states: HiddenStates,
) -> Iterator[tuple[tuple[str, ...], Gathered | None]]:
    """Matrices that read the same activations, and the statistic of these activations, in turn.

    All are of the block as it is when the first is asked for, but for experts: theirs are computed
    one expert after the other, with the weights that an expert has before its first is given.

    Args:
        model: the model of the block.
        statistic: what is accumulated.
        index: the index of the block.
        block: the block, loaded on the device.
        states: the inputs of the block; they are not changed.

    Returns:
        Beside each statistic nothing holds it. None of an expert that no token reached.
    """
    stops = list(stops_of(model, statistic, index, states))
    hooks = []
    for stop in stops:

        def see(
            _module: nn.Module,
            inputs: tuple[Any, ...],
            keywords: dict[str, Any],
            stop: Stop = stop,
        ) -> None:
            stop.see(inputs, keywords)
            # No later stop needs its output.
            if stop is stops[-1]:
                raise _Seen

        hooks.append(stop.module.register_forward_pre_hook(see, with_kwargs=True))
    for hidden in states:
        with suppress(_Seen):
            model.through(index, block, hidden)
    for hook in hooks:
        hook.remove()
    for stop in stops:
        for same in stop.together():
            found = {stage: stop.take(stage) for stage in same}
            for stage in same:
                yield stage, found.pop(stage)
