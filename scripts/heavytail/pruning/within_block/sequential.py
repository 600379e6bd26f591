"""One pass through a block: each stage is pruned for the inputs that pruned stages before it give.

The queries, keys and values are pruned for the input of the block. Attention runs with them, the
output projection is pruned for the inputs that it then receives, and so on. The forward pass of a
batch stops at each stage until all batches have arrived there and the stage is pruned. So every
product is computed once, but the activations between two stages are in memory for all batches.
What experts compute between their two stages is computed twice, for one expert at a time.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from greenlet import getcurrent, greenlet
from torch import nn

from heavytail.models.hidden_states import HiddenStates
from heavytail.models.input_statistics import Statistic, Stop, stops_of
from heavytail.models.streaming import StreamedModel


def prune_block(
    model: StreamedModel,
    statistic: type[Statistic],
    index: int,
    block: nn.Module,
    states: HiddenStates,
    prune_stage: Callable[[tuple[str, ...], Statistic | None], None],
) -> None:
    """Prune a block stage by stage and send the hidden states through it, in place.

    Args: as in within_block/exact.py.

    Raises:
        ValueError: hidden states are on disk, which this way cannot use.
    """
    if states.spilled:
        raise ValueError(
            "within_block: sequential holds the activations between two stages in memory, so it "
            "cannot keep to activations_mb: leave that out, or take within_block: exact"
        )
    passes = [greenlet(partial(model.through, index, block)) for _ in range(len(states))]
    for stop in stops_of(model, statistic, index, states):

        def wait(
            _module: nn.Module,
            inputs: tuple[Any, ...],
            keywords: dict[str, Any],
            stop: Stop = stop,
        ) -> None:
            stop.see(inputs, keywords)
            getcurrent().parent.switch()

        hook = stop.module.register_forward_pre_hook(wait, with_kwargs=True)
        _resume(passes, states)
        hook.remove()
        for sharing in stop.stages:
            prune_stage(sharing, stop.take(sharing))
    if not model.is_last(index):
        for number, output in enumerate(_resume(passes, states)):
            states[number] = output


def _resume(passes: list[greenlet], states: HiddenStates) -> list[Any]:
    """Let each batch run from where it stopped to its next stop, or to the block's output."""
    # A pass reads this argument only when it starts.
    return [one.switch(hidden) for one, hidden in zip(passes, states, strict=True)]
