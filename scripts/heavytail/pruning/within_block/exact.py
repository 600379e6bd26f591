"""As published: all statistics come from the unpruned block, then a second pass gives its outputs.

Every stage of a block is pruned for the inputs that it had before the stages below it were pruned
(Wanda and SparseGPT as their authors run them).
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
    prune_stage: Callable[[tuple[str, ...], Statistic], None],
) -> None:
    """Prune a block stage by stage and send the hidden states through it, in place.

    Args:
        model: whose block it is.
        statistic: what the method wants to know of a stage's inputs.
        index: of the block.
        block: on the device.
        states: the block's inputs; its outputs when this returns.
        prune_stage: called with the projections of a stage and the statistic of their inputs.
    """
    found = input_statistics(model, statistic, index, block, states)
    for sharing in list(found):
        # Popped: a stage's statistic may be the largest thing here.
        prune_stage(sharing, found.pop(sharing))
    if not model.is_last(index):
        model.advance(index, block, states)
