"""Wanda: weights times input norms, compared by output row (Sun et al., arXiv 2306.11695)."""

import torch

from heavytail.selection import removed_count, smallest

REWRITES = False


class Statistic:
    """The root mean square of each input feature over all calibration tokens, in float32."""

    def __init__(self, columns: int, device: torch.device):
        """Start with no tokens; `columns` is the number of input features."""
        self.total = torch.zeros(columns, dtype=torch.float32, device=device)
        self.tokens = 0

    def add(self, inputs: torch.Tensor) -> None:
        """Accumulate activations [..., columns]."""
        rows = inputs.reshape(-1, inputs.shape[-1]).float()
        self.total += rows.square().sum(dim=0)
        self.tokens += len(rows)

    def norm(self) -> torch.Tensor:
        """float32 [columns]."""
        return (self.total / self.tokens).sqrt()


def prune(
    weight: torch.Tensor, statistic: Statistic, sparsity: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """Remove the floor(sparsity · columns) smallest |w| · ‖x‖ of each output row (equation 1).

    Args:
        weight: float32 [rows, columns].
        statistic: of the matrix's inputs.
        sparsity: in [0, 1].

    Returns:
        The pruned weight, float32 [rows, columns], and what was removed, bool [rows, columns].
    """
    scores = weight.abs() * statistic.norm()
    removed = smallest(scores, removed_count(sparsity, weight.shape[1]))
    return weight.masked_fill(removed, 0.0), removed
