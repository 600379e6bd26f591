"""A method, and what is done after it to its mask and to the weights that stay."""

from types import ModuleType
from typing import Any

import torch

from heavytail.pruning import hessian
from heavytail.pruning.methods.sparsegpt import Statistic as Hessian


class Combined:
    """What the loop needs of a method, with steps after it: Statistic, REWRITES and prune."""

    def __init__(self, method: ModuleType, swaps: ModuleType | None, refit: ModuleType | None):
        """The method's module, and those of heavytail.pruning.after; None if a step is left out."""
        self.method, self.swaps, self.refit = method, swaps, refit
        self.REWRITES = method.REWRITES or refit is not None
        if hasattr(method, "bias"):
            self.bias = self._bias

    def Statistic(self, columns: int, device: torch.device) -> "Gathered":
        """What the method and the steps want to know of some inputs."""
        return Gathered(self.method.Statistic, columns, device)

    def prune(
        self,
        weights: list[torch.Tensor],
        statistic: "Gathered",
        sparsities: list[float],
        group_size: int | None = None,
    ) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
        """As the method's own function; then swaps, then the refit to the dense weights."""
        updated, removed = self.method.prune(weights, statistic.own, sparsities, group_size)
        total = hessian.whole(statistic.hessian)
        if self.swaps:
            pairs = zip(weights, removed, strict=True)
            removed = [self.swaps.swapped(*pair, total, group_size) for pair in pairs]
        if self.refit:
            hessian.damped(total)
            cases = zip(weights, updated, removed, strict=True)
            updated = [self.refit.refit(*case, total) for case in cases]
        return updated, removed

    def _bias(
        self, dense: torch.Tensor, pruned: torch.Tensor, statistic: "Gathered"
    ) -> torch.Tensor:
        """The method's own bias, for what the steps left."""
        return self.method.bias(dense, pruned, statistic.own)


class Gathered:
    """The statistic of a method, if it has one, and the Hessian of the same inputs."""

    def __init__(self, own: Any, columns: int, device: torch.device):
        """Start with no tokens; `own` is the method's class of statistics or None."""
        self.own: Any = own(columns, device) if own else None
        shared = self.own if isinstance(self.own, Hessian) else None
        self.hessian = shared or Hessian(columns, device)

    def add(self, inputs: torch.Tensor) -> None:
        """Take in activations [..., columns]."""
        self.hessian.add(inputs)
        if self.own is not None and self.own is not self.hessian:
            self.own.add(inputs)
