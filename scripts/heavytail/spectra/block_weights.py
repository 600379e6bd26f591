"""The matrices of one block, read one at a time, dense or pruned."""

from dataclasses import dataclass

import torch

from heavytail.models.checkpoint import Checkpoint
from heavytail.models.pruned import PrunedWeights
from heavytail.spectra.gram import readable


@dataclass(frozen=True)
class BlockWeights:
    """The matrices of block `index`; each is read only when it is needed."""

    checkpoint: Checkpoint
    index: int
    device: torch.device
    artifact: PrunedWeights | None = None

    @property
    def projections(self) -> tuple[str, ...]:
        """The names of the matrices, in the order in which the block uses them."""
        return tuple(self.checkpoint.slices[self.index])

    def shape(self, projection: str) -> tuple[int, int]:
        """[output features, input features], without reading the matrix."""
        return self.checkpoint.matrix_shape(self.index, projection)

    def weight(self, projection: str) -> torch.Tensor:
        """[output features, input features] in the stored dtype, on the device.

        Raises ValueError, which names the matrix, if a spectrum of it would mean nothing.
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
        """Bytes that the eigenvalues of the costliest matrix take: it, its Gram matrix, a copy."""
        shapes = [self.shape(projection) for projection in self.projections]
        return max(8 * (rows * columns + 2 * min(rows, columns) ** 2) for rows, columns in shapes)

    def heads(self) -> tuple[int, int]:
        """The number of query heads, from config.json, and of key-value heads, from the matrices.

        Not every family reads num_key_value_heads of config.json. Raises ValueError if the heads do
        not divide the projections.
        """
        key = self.checkpoint.family.heads
        heads = self.checkpoint.settings.get(key) or 0
        if not {"q_proj", "k_proj"} <= {*self.projections}:
            raise ValueError("config.json: products of queries and keys: attention is low-rank")
        queries, keys = self.shape("q_proj")[0], self.shape("k_proj")[0]
        if not heads or queries % heads or heads * keys % queries or queries % keys:
            raise ValueError(
                f"config.json: {key}: {heads} heads do not divide the {queries} rows "
                f"of q_proj and the {keys} rows of k_proj"
            )
        return heads, heads * keys // queries
