"""STADE's statistic: the mean and the variance of each input feature of a projection."""

import torch


class InputMoments:
    """Mean and variance of each input feature over all calibration tokens, in float64."""

    def __init__(self, columns: int, device: torch.device):
        """Start with no tokens; `columns` is the number of input features."""
        self.mean = torch.zeros(columns, dtype=torch.float64, device=device)
        # The sum of squared deviations from the mean.
        self.squares = torch.zeros(columns, dtype=torch.float64, device=device)
        self.tokens = 0

    def add(self, inputs: torch.Tensor) -> None:
        """Accumulate activations [..., columns], a batch as Chan, Golub and LeVeque (1983) do."""
        rows = inputs.flatten(0, -2).float()
        centre = rows.mean(dim=0)
        apart = rows - centre
        # What rounding left between the centre and the mean.
        rest = apart.mean(dim=0, dtype=torch.float64)
        squares = apart.square().sum(dim=0, dtype=torch.float64) - len(rows) * rest.square()
        moved = centre.double() + rest - self.mean
        total = self.tokens + len(rows)
        self.squares += squares + moved.square() * (self.tokens * len(rows) / total)
        self.mean += moved * (len(rows) / total)
        self.tokens = total

    def deviation(self) -> torch.Tensor:
        """The standard deviations, float32 [columns].

        Raises ValueError if an activation was not finite.
        """
        if not torch.isfinite(self.squares).all():
            raise ValueError("NaN or infinite activations")
        return (self.squares / self.tokens).clamp_min(0.0).sqrt().float()
