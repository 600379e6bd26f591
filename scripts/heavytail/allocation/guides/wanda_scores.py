"""Wanda's scores |w| · ‖x‖ of the dense model, summarised in two numbers per block."""

import csv
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import nn

from heavytail.io.files import replacing, scratch
from heavytail.models import device
from heavytail.models.hidden_states import HiddenStates
from heavytail.models.input_norm import InputNorm
from heavytail.models.input_statistics import input_statistics
from heavytail.models.streaming import StreamedModel, batches_of

# OWL's M: a score is an outlier if it exceeds the mean of its block so many times.
OUTLIER = 5


def summary(scores: torch.Tensor) -> tuple[float, float]:
    """The share of a block's scores [n] that exceed five times their mean, and their median."""
    outliers = (scores > OUTLIER * scores.mean()).sum().item() / len(scores)
    return outliers, scores.median().item()


def block_summaries(model: StreamedModel, states: HiddenStates) -> list[tuple[float, float]]:
    """The `summary` of each block, over all of its projections, with the dense model's inputs.

    Args:
        model: the dense model.
        states: the inputs of the first block; they are overwritten.
    """
    found = []

    def visit(index: int, block: nn.Module, inputs: HiddenStates) -> None:
        statistics = input_statistics(model, InputNorm, index, block, inputs)
        norms = {p: one.norm() for sharing, one in statistics.items() for p in sharing}
        scores = [(model.weight(block, p).abs() * norms[p]).flatten() for p in model.slices]
        found.append(summary(torch.cat(scores)))

    model.run(states, visit)
    return found


def measure_wanda_scores(model: str, calibration: str, budget: float, output: str) -> None:
    """Write block,outliers,median: the share of outliers among a block's scores, and their median.

    Args:
        model: provenance.json in the model's folder.
        calibration: frozen tokens.
        budget: bytes of hidden states that stay in memory.
        output: the CSV file to write.
    """
    dense = StreamedModel(Path(model).parent, device.pick())
    ids = load_file(calibration)["input_ids"]
    with scratch(output) as folder:
        found = block_summaries(dense, dense.embed(batches_of(ids), folder, budget))
    with replacing(output) as path, open(path, "w", newline="", encoding="utf-8") as handle:
        table = csv.writer(handle, lineterminator="\n")
        table.writerow(["block", "outliers", "median"])
        table.writerows([b, repr(outliers), repr(m)] for b, (outliers, m) in enumerate(found))
