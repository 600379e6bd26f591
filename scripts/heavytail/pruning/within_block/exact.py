"""The published way through a block: all statistics come from the unpruned block.

So every stage of a block is pruned for the inputs that it had before the stages below it were
pruned, as the authors of Wanda and SparseGPT do. A second pass through the block gives its outputs.
"""

from collections.abc import Callable

from torch import nn

from heavytail.models.hidden_states import HiddenStates
from heavytail.models.input_statistics import Statistic, input_statistics
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

    Args:
        model: the model of the block.
        statistic: what the method measures of a stage's inputs.
        index: the index of the block.
        block: the block, loaded on the device.
        states: the inputs of the block; its outputs when this returns.
        prune_stage: called with the matrices of a stage and the statistic of their inputs, None if
            no token reached their expert.
    """
    for sharing, gathered in input_statistics(model, statistic, index, block, states):
        prune_stage(sharing, gathered)
        # To free it: the statistic of a stage may be the largest thing in memory.
        del gathered
    if not model.is_last(index):
        model.advance(index, block, states)
