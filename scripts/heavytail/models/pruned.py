"""What a reader of a model needs of a pruned cell."""

from typing import Protocol

import torch


class PrunedWeights(Protocol):
    """Anything that turns a dense matrix into the pruned one, an artifact for one."""

    def apply(self, block: int, projection: str, weight: torch.Tensor) -> torch.Tensor:
        """The pruned matrix [rows, columns], from the dense one and in its dtype."""
