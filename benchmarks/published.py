"""Wanda and SparseGPT as their papers describe them, with nothing shared and nothing saved.

The whole model is in memory and samples go through a block one at a time: once for the statistics
of each of its seven matrices, once more for the next block's inputs.
"""

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

GROUP = 128


class Norms:
    """Wanda's statistic (arXiv 2306.11695): the mean over samples of ‖x‖² of each input feature."""

    def __init__(self, columns: int):
        """Start with no samples."""
        self.mean, self.samples = torch.zeros(columns), 0

    def add(self, inputs: Tensor) -> None:
        """Take in the activations [1, length, columns] of one sample."""
        self.mean *= self.samples / (self.samples + 1)
        self.samples += 1
        self.mean += inputs[0].float().norm(dim=0).square() / self.samples


class Hessian:
    """SparseGPT's statistic (arXiv 2301.00774): the mean over samples of 2 x xᵀ."""

    def __init__(self, columns: int):
        """Start with no samples."""
        self.mean, self.samples = torch.zeros(columns, columns), 0

    def add(self, inputs: Tensor) -> None:
        """Take in the activations [1, length, columns] of one sample."""
        self.mean *= self.samples / (self.samples + 1)
        self.samples += 1
        scaled = (2 / self.samples) ** 0.5 * inputs[0].float()
        self.mean += scaled.T @ scaled


def wanda(weight: Tensor, norms: Norms, sparsity: float) -> Tensor:
    """The weight [rows, columns] without the least |w| · ‖x‖ of each row, by a full sort."""
    order = (weight.abs() * norms.mean.sqrt()).sort(dim=1, stable=True).indices
    mask = torch.zeros_like(weight, dtype=torch.bool)
    mask.scatter_(1, order[:, : int(sparsity * weight.shape[1])], True)
    weight[mask] = 0
    return weight


def sparsegpt(weight: Tensor, hessian: Hessian, sparsity: float) -> Tensor:
    """The weight [rows, columns] after the paper's algorithm 1, in groups of 128 columns."""
    matrix = hessian.mean
    dead = matrix.diagonal() == 0
    matrix.diagonal()[dead] = 1
    weight[:, dead] = 0
    matrix.diagonal().add_(0.01 * matrix.diagonal().mean())
    inverse = torch.cholesky_inverse(torch.linalg.cholesky(matrix))
    factor = torch.linalg.cholesky(inverse, upper=True)
    for start in range(0, weight.shape[1], GROUP):
        stop = min(start + GROUP, weight.shape[1])
        group, inner = weight[:, start:stop].clone(), factor[start:stop, start:stop]
        scores = group.square() / inner.diagonal().square()
        mask = scores < scores.flatten().sort().values[int(sparsity * scores.numel())]
        kept, errors = torch.zeros_like(group), torch.zeros_like(group)
        for column in range(stop - start):
            kept[:, column] = group[:, column]
            kept[mask[:, column], column] = 0
            errors[:, column] = (group[:, column] - kept[:, column]) / inner[column, column]
            group[:, column:] -= errors[:, column, None] @ inner[None, column, column:]
        weight[:, start:stop] = kept
        weight[:, stop:] -= errors @ factor[start:stop, stop:]
    return weight


METHODS = {"wanda": (Norms, wanda), "sparsegpt": (Hessian, sparsegpt)}


class _Reached(Exception):
    """The first block was reached: the rest of the pass is not needed."""


def first_inputs(model: PreTrainedModel, windows: Tensor) -> tuple[Tensor, dict]:
    """What the first block receives: [samples, length, width], and its other arguments."""
    found: list[Tensor] = []
    others: dict = {}

    def catch(_module: nn.Module, arguments: tuple, keywords: dict) -> None:
        found.append(arguments[0])
        others.update(keywords)
        raise _Reached

    hook = model.model.layers[0].register_forward_pre_hook(catch, with_kwargs=True)
    for ids in windows.split(1):
        try:
            model(input_ids=ids, use_cache=False)
        except _Reached:
            continue
    hook.remove()
    return torch.cat(found), others


@torch.no_grad()
def prune(model: PreTrainedModel, windows: Tensor, method: str, sparsity: float) -> None:
    """Prune a LLaMA in place with the token ids [samples, length]."""
    kind, compress = METHODS[method]
    inputs, others = first_inputs(model, windows)
    outputs = torch.empty_like(inputs)
    for block in model.model.layers:
        statistics, hooks = {}, []
        for module in block.modules():
            if isinstance(module, nn.Linear):
                statistics[module] = kind(module.in_features)
                hooks.append(
                    module.register_forward_hook(
                        lambda module, inputs, _output, all=statistics: all[module].add(inputs[0])
                    )
                )
        for sample in range(len(inputs)):
            outputs[sample] = block(inputs[sample : sample + 1], **others)[0]
        for hook in hooks:
            hook.remove()
        for module, statistic in statistics.items():
            # In place: a mapped file's pages must not stay beside the pruned weight.
            module.weight.copy_(compress(module.weight.float().clone(), statistic, sparsity))
        for sample in range(len(inputs)):
            outputs[sample] = block(inputs[sample : sample + 1], **others)[0]
        inputs, outputs = outputs, inputs
