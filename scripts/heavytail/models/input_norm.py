"""Wanda's statistic: how strongly each input feature of a projection is used."""

import torch


class InputNorm:
    """The root mean square of each input feature over all calibration tokens, in float32."""

    def __init__(self, columns: int, device: torch.device):
        """Start with no tokens; `columns` is the number of input features."""
        self.total = torch.zeros(columns, dtype=torch.float32, device=device)
        self.tokens = 0

    def add(self, inputs: torch.Tensor) -> None:
        """Accumulate activations [..., columns]."""
        rows = inputs.flatten(0, -2).float()
        self.total += rows.square().sum(dim=0)
        self.tokens += len(rows)

    def norm(self) -> torch.Tensor:
        """The norms, float32 [columns]. Raises ValueError if an activation was not finite."""
        if not torch.isfinite(self.total).all():
            raise ValueError("NaN or infinite activations")
        return (self.total / self.tokens).sqrt()
