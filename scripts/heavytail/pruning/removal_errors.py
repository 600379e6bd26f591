"""What the layers of the dense model lose if half of their weights are removed: LSA's measure."""

import csv
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import nn

from heavytail.io.files import replacing, scratch
from heavytail.models import device
from heavytail.models.hidden_states import HiddenStates
from heavytail.models.input_statistics import input_statistics
from heavytail.models.streaming import StreamedModel, batches_of
from heavytail.projections import Matrix
from heavytail.pruning import hessian
from heavytail.pruning.methods.sparsegpt import Statistic

# Columns whose weights are compared with each other, and the share of them that goes.
GROUP, SHARE = 128, 0.5


def removal_error(weight: torch.Tensor, total: torch.Tensor) -> float:
    """Σ w_Rᵀ H w_R over the rows, R being half of a row's columns, chosen greedily (ICLR 2026).

    In each group of 128 columns the weight goes whose loss raises the error least, given all that
    went before it in its row.

    Args:
        weight: float32 [rows, columns].
        total: H, float32 [columns, columns], symmetric.
    """
    removed = torch.zeros_like(weight)
    error = torch.zeros((), dtype=torch.float64, device=weight.device)
    for start in range(0, weight.shape[1], GROUP):
        group = slice(start, start + GROUP)
        own, inner = weight[:, group], total[group, group]
        # The square, and twice the products with what went in the groups before.
        costs = own.square() * inner.diagonal()
        costs += 2 * own * (removed[:, :start] @ total[:start, group])
        for _ in range(int(SHARE * own.shape[1])):
            cost, index = costs.min(dim=1, keepdim=True)
            error += cost.sum(dtype=torch.float64)
            value = own.gather(1, index)
            costs += 2 * own * value * inner[index[:, 0]]
            costs.scatter_(1, index, torch.inf)
            removed[:, group].scatter_(1, index, value)
    return error.item()


def block_errors(model: StreamedModel, states: HiddenStates) -> dict[Matrix, float]:
    """(block, name) → `removal_error` of the dense matrix with the dense model's inputs.

    Args:
        model: the dense model.
        states: the inputs of the first block; they are overwritten.
    """
    found: dict[Matrix, float] = {}

    def visit(index: int, block: nn.Module, inputs: HiddenStates) -> None:
        for sharing, statistic in input_statistics(model, Statistic, index, block, inputs):
            # What no token reads costs nothing.
            total = hessian.whole(statistic) if statistic else None
            del statistic
            for name in sharing:
                weight = model.weight(index, name).float()
                found[index, name] = 0.0 if total is None else removal_error(weight, total)

    with torch.no_grad():
        model.run(states, visit)
    return found


def measure_removal_errors(model: str, calibration: str, budget: float, output: str) -> None:
    """Write block,projection,error: the `removal_error` of every matrix.

    Args:
        model: provenance.json in the model's folder.
        calibration: frozen tokens.
        budget: bytes of hidden states that stay in memory.
        output: the CSV file to write.
    """
    dense = StreamedModel(Path(model).parent, device.pick())
    ids = load_file(calibration)["input_ids"]
    with scratch(output) as folder:
        found = block_errors(dense, dense.embed(batches_of(ids), folder, budget))
    with replacing(output) as path, open(path, "w", newline="", encoding="utf-8") as handle:
        table = csv.writer(handle, lineterminator="\n")
        table.writerow(["block", "projection", "error"])
        table.writerows([*matrix, repr(error)] for matrix, error in found.items())
