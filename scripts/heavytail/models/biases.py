"""Biases that pruning changed, in modules that may have none."""

from typing import Any

import torch
from torch import nn

from heavytail.models.layout import WeightSlice


class Biases:
    """Gives modules other biases, and theirs again."""

    def __init__(self) -> None:
        """Start with no module."""
        self._before: dict[Any, nn.Parameter | None] = {}

    def put(self, module: Any, part: WeightSlice, bias: torch.Tensor) -> None:
        """Give the outputs of a matrix a bias; the other outputs of its module keep theirs.

        Args:
            module: that of the matrix, a linear one.
            part: where the matrix is in the module's weight.
            bias: [rows of the matrix].
        """
        if module not in self._before:
            before, weight = module.bias, module.weight
            rows = weight.shape[1 if part.transposed else 0]
            own = weight.new_zeros(rows) if before is None else before.detach().clone()
            self._before[module], module.bias = before, nn.Parameter(own, requires_grad=False)
        part.outputs(module.bias.data).copy_(bias.unflatten(0, (part.groups, -1)))

    def restore(self) -> None:
        """Give every module the bias that it had before the first `put`."""
        for module, before in self._before.items():
            module.bias = before
        self._before = {}
