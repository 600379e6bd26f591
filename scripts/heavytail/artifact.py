"""A pruned cell, stored compactly beside the dense weights that it refers to.

Per matrix `{block}.{projection}.kept`, the bit-packed mask of the weights that stay, and where the
method rewrites them `{block}.{projection}.values`, those weights in row-major order.
"""

import math

import numpy as np
import torch
from safetensors import safe_open


def encode(removed: torch.Tensor, values: torch.Tensor | None) -> dict[str, torch.Tensor]:
    """The stored form of one pruned matrix.

    Args:
        removed: bool [rows, columns].
        values: the rewritten weights [rows, columns] in the checkpoint's dtype, or None when the
            method leaves the kept weights as they were.

    Returns:
        {"kept": uint8 [ceil(entries / 8)]} and, with values, {"values": [kept entries]}.
    """
    kept = ~removed.cpu()
    packed = torch.from_numpy(np.packbits(kept.numpy()))
    return {"kept": packed} if values is None else {"kept": packed, "values": values.cpu()[kept]}


def decode(weight: torch.Tensor, stored: dict[str, torch.Tensor]) -> torch.Tensor:
    """The pruned matrix [rows, columns] from the dense one and its stored form.

    Raises ValueError when the stored form belongs to a matrix of another size.
    """
    entries, packed = weight.numel(), stored["kept"]
    if len(packed) != -(-entries // 8):
        raise ValueError(f"a mask of {len(packed)} bytes does not fit {entries} weights")
    kept = torch.from_numpy(np.unpackbits(packed.numpy(), count=entries)).bool()
    kept = kept.reshape(weight.shape).to(weight.device)
    if "values" not in stored:
        return weight.masked_fill(~kept, 0.0)
    pruned = torch.zeros_like(weight)
    pruned[kept] = stored["values"].to(pruned)
    return pruned


class Artifact:
    """The stored cell as a mapping from block and projection to the stored form of the matrix."""

    def __init__(self, tensors: dict[str, torch.Tensor], realised_sparsity: float = math.nan):
        """`tensors` is the content of the artifact's safetensors file."""
        self.realised_sparsity = realised_sparsity
        self._matrices: dict[tuple[int, str], dict[str, torch.Tensor]] = {}
        for key, tensor in tensors.items():
            block, projection, part = key.split(".")
            self._matrices.setdefault((int(block), projection), {})[part] = tensor

    def apply(self, block: int, projection: str, weight: torch.Tensor) -> torch.Tensor:
        """The pruned matrix; raises KeyError when the artifact lacks it."""
        return decode(weight, self._matrices[block, projection])


def read_artifact(path: str) -> Artifact:
    """Read a stored cell."""
    with safe_open(path, framework="pt") as stored:
        tensors = {key: stored.get_tensor(key) for key in stored.keys()}  # noqa: SIM118
        return Artifact(tensors, float(stored.metadata()["realised_sparsity"]))
