"""The matrices of one block, read one at a time, dense or pruned."""

from dataclasses import dataclass

import torch

from heavytail.models.checkpoint import Checkpoint
from heavytail.models.pruned import PrunedWeights
from heavytail.spectra.gram import readable


@dataclass(frozen=True)
class BlockWeights:
    """The canonical projections of block `index`; nothing is in memory before it is asked for."""

    checkpoint: Checkpoint
    index: int
    device: torch.device
    artifact: PrunedWeights | None = None

    @property
    def projections(self) -> tuple[str, ...]:
        """The canonical projections, in canonical order."""
        return tuple(self.checkpoint.slices)

    def shape(self, projection: str) -> tuple[int, int]:
        """[output features, input features], without reading the matrix."""
        return self.checkpoint.matrix_shape(self.index, projection)

    def weight(self, projection: str) -> torch.Tensor:
        """[output features, input features] in the stored dtype, on the device.

        Raises ValueError, naming the matrix, when a spectrum of it means nothing.
        """
        try:
            weight = readable(self.checkpoint.matrix(self.index, projection))
        except ValueError as error:
            name = self.checkpoint.weight_name(self.index, projection)
            raise ValueError(f"{name}: {error}") from error
        weight = weight.to(self.device)
        if self.artifact is not None:
            weight = self.artifact.apply(self.index, projection, weight)
        return weight

    def solver_bytes(self) -> int:
        """What the eigenvalues of the block's costliest matrix take: it, its Gram matrix, work."""
        shapes = [self.shape(projection) for projection in self.projections]
        return max(8 * (rows * columns + 2 * min(rows, columns) ** 2) for rows, columns in shapes)

    def heads(self) -> tuple[int, int]:
        """Query heads, as config.json says, and key-value heads, as wide, as the matrices say.

        Not every family reads config.json's num_key_value_heads. Raises ValueError when the heads
        do not divide the projections.
        """
        queries = self.checkpoint.config.get("num_attention_heads") or 0
        rows, lent = self.shape("q_proj")[0], self.shape("k_proj")[0]
        if not queries or rows % queries or queries * lent % rows or rows % lent:
            raise ValueError(
                f"config.json: num_attention_heads: {queries} heads do not divide q_proj's {rows} "
                f"and k_proj's {lent} rows"
            )
        return queries, queries * lent // rows
