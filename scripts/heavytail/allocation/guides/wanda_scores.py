"""Wanda's scores |w| · ‖x‖ of the dense model, summarised in a few numbers per block."""

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

# OWL's M: a score is an outlier if it exceeds the mean of its block so many times. All are
# measured, so that no choice of M measures again what another did.
OUTLIERS = range(1, 21)


def summary(scores: torch.Tensor) -> dict[str, float]:
    """Median and mean of a block's scores [n], and the share that exceeds M times the mean."""
    mean = scores.mean()
    shares = {f"above_{m}": (scores > m * mean).sum().item() / len(scores) for m in OUTLIERS}
    return {"median": scores.median().item(), "mean": mean.item(), **shares}


def block_summaries(model: StreamedModel, states: HiddenStates) -> list[dict[str, float]]:
    """The `summary` of each block, over all of its projections, with the dense model's inputs.

    Args:
        model: the dense model.
        states: the inputs of the first block; they are overwritten.
    """
    found = []

    def visit(index: int, block: nn.Module, inputs: HiddenStates) -> None:
        # What no token reads has a norm of zero.
        norms = {
            name: statistic.norm() if statistic else 0.0
            for sharing, statistic in input_statistics(model, InputNorm, index, block, inputs)
            for name in sharing
        }
        scores = [(model.weight(index, name).abs() * norms[name]).flatten() for name in norms]
        found.append(summary(torch.cat(scores)))

    model.run(states, visit)
    return found


def measure_wanda_scores(model: str, calibration: str, budget: float, output: str) -> None:
    """Write block,median,mean,above_1,…,above_20: the `summary` of each block's scores.

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
        table.writerow(["block", *found[0]])
        table.writerows([block, *map(repr, own.values())] for block, own in enumerate(found))
