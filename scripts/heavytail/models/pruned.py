"""What code that reads a model needs to know of a pruned cell."""

from typing import Protocol

import torch


class PrunedWeights(Protocol):
    """Anything that turns a dense matrix into the pruned one, such as an artifact."""

    def apply(self, block: int, projection: str, weight: torch.Tensor) -> torch.Tensor:
        """The pruned matrix [rows, columns], from the dense one and in its dtype."""
