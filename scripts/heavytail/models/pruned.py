"""What code that reads a model needs to know of a pruned cell."""

from typing import Protocol

import torch


class PrunedWeights(Protocol):
    """Anything that turns a dense matrix into the pruned one, such as an artifact."""

    def apply(self, block: int, projection: str, weight: torch.Tensor) -> torch.Tensor:
        """The pruned matrix [rows, columns], from the dense one and in its dtype."""

    def bias(self, block: int, projection: str) -> torch.Tensor | None:
        """The bias of the matrix's outputs, [rows]; None if it is the dense model's."""
