"""A pruned cell, stored compactly beside the dense weights that it refers to.

Per matrix `{block}.{projection}.kept`, the bit-packed mask of the weights that stay, and where the
method rewrites them `{block}.{projection}.values`, those weights in row-major order. The metadata
holds the SHA-256 of every tensor.
"""

import hashlib
import json
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open

from heavytail.io.tensors import raw
from heavytail.projections import key_of


def encode(removed: torch.Tensor, values: torch.Tensor | None) -> dict[str, torch.Tensor]:
    """The stored form of one pruned matrix.

    Args:
        removed: bool [rows, columns].
        values: the rewritten weights [rows, columns] in the checkpoint's dtype, or None when the
            method leaves the kept weights as they were.

    Returns:
        {"kept": uint8 [ceil(entries / 8)]} and, with values, {"values": [kept entries]}.
    """
    kept = ~removed
    packed = torch.from_numpy(np.packbits(kept.cpu().numpy()))
    return {"kept": packed} if values is None else {"kept": packed, "values": values[kept].cpu()}


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


def kept_count(stored: dict[str, torch.Tensor]) -> int:
    """How many weights of a matrix stay."""
    return int(np.bitwise_count(stored["kept"].numpy()).sum())


def matrices_in(tensors: dict[str, torch.Tensor]) -> dict[str, dict[str, torch.Tensor]]:
    """Projection → stored form, of one block's tensors with keys {projection}.{part}."""
    found: dict[str, dict[str, torch.Tensor]] = {}
    for key, tensor in tensors.items():
        projection, part = key.split(".")
        found.setdefault(projection, {})[part] = tensor
    return found


def digest(tensor: torch.Tensor) -> str:
    """The SHA-256 of a tensor's bytes as hexadecimal digits."""
    return hashlib.sha256(raw(tensor)).hexdigest()


class Artifact:
    """A stored cell; a matrix is read, and its checksum compared, when it is asked for."""

    def __init__(self, path: str | Path):
        """Open `path`. Raises ValueError when it is no whole artifact."""
        self.path = path
        try:
            with safe_open(path, framework="pt") as stored:
                metadata = stored.metadata() or {}
                self._names = set(stored.keys())
        except SafetensorError as error:
            raise ValueError(f"{path}: not a whole safetensors file ({error})") from error
        if "sha256" not in metadata:
            raise ValueError(f"{path}: no artifact of a pruned cell: its metadata has no checksums")
        self.realised_sparsity = float(metadata["realised_sparsity"])
        self._digests = json.loads(metadata["sha256"])

    def apply(self, block: int, projection: str, weight: torch.Tensor) -> torch.Tensor:
        """The pruned matrix.

        Raises KeyError when the artifact lacks it and ValueError when its bytes are damaged.
        """
        prefix = key_of(block, projection)
        found = {}
        with safe_open(self.path, framework="pt") as stored:
            for part in ("kept", "values"):
                name = f"{prefix}.{part}"
                if name not in self._names:
                    continue
                found[part] = stored.get_tensor(name)
                if digest(found[part]) != self._digests[name]:
                    raise ValueError(f"{self.path}: {name} is damaged: its checksum differs")
        if "kept" not in found:
            raise KeyError(f"{self.path}: no {prefix}")
        return decode(weight, found)
