"""Wanda's scores |w| · ‖x‖ of the dense model, in two numbers a block."""

import torch
from torch import nn

from heavytail.models.hidden_states import HiddenStates
from heavytail.models.input_norm import InputNorm
from heavytail.models.input_statistics import input_statistics
from heavytail.models.streaming import StreamedModel

# OWL's M: a score above so many times its block's mean is an outlier.
OUTLIER = 5


def summary(scores: torch.Tensor) -> tuple[float, float]:
    """The share of a block's scores [n] above five times their mean, and their median."""
    outliers = (scores > OUTLIER * scores.mean()).sum().item() / len(scores)
    return outliers, scores.median().item()


def block_summaries(model: StreamedModel, states: HiddenStates) -> list[tuple[float, float]]:
    """`summary` of all projections of each block together, with the dense model's inputs.

    Args:
        model: dense.
        states: what the first block receives; used up.
    """
    found = []

    def visit(index: int, block: nn.Module, inputs: HiddenStates) -> None:
        statistics = input_statistics(model, InputNorm, index, block, inputs)
        norms = {p: one.norm() for sharing, one in statistics.items() for p in sharing}
        scores = [(model.weight(block, p).abs() * norms[p]).flatten() for p in model.places]
        found.append(summary(torch.cat(scores)))

    model.run(states, visit)
    return found
