"""A pruned cell, stored compactly beside the dense weights that it refers to.

Per matrix `{block}.{matrix}.kept`, the bit-packed mask of the weights that stay, and where the
method rewrites them `{block}.{matrix}.values`, those weights in row-major order. Where the method
changes the bias of a matrix's outputs `{block}.{matrix}.bias`, which is [rows] and takes the place
of the model's own. The metadata holds the SHA-256 of every tensor.
"""

import hashlib
import json
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open

from heavytail.io.tensors import raw
from heavytail.projections import key_of

BITS = (128, 64, 32, 16, 8, 4, 2, 1)


def encode(removed: torch.Tensor, values: torch.Tensor | None) -> dict[str, torch.Tensor]:
    """The stored form of one pruned matrix.

    Args:
        removed: bool [rows, columns].
        values: the rewritten weights [rows, columns] in the checkpoint's dtype, or None when the
            method leaves the kept weights as they were.

    Returns:
        {"kept": uint8 [ceil(entries / 8)]} and, with values, {"values": [kept entries]}, on the
        device of `removed`.
    """
    kept = ~removed
    stored = {"kept": packed(kept)}
    return stored if values is None else stored | {"values": values[kept]}


def decode(weight: torch.Tensor, stored: dict[str, torch.Tensor]) -> torch.Tensor:
    """The pruned matrix [rows, columns] from the dense one and its stored form.

    Raises ValueError when the stored form belongs to a matrix of another size.
    """
    entries, mask = weight.numel(), stored["kept"]
    if len(mask) != -(-entries // 8):
        raise ValueError(f"a mask of {len(mask)} bytes does not fit {entries} weights")
    kept = unpacked(mask.to(weight.device), entries).reshape(weight.shape)
    if "values" not in stored:
        return weight.masked_fill(~kept, 0.0)
    pruned = torch.zeros_like(weight)
    pruned[kept] = stored["values"].to(pruned)
    return pruned


def packed(bits: torch.Tensor) -> torch.Tensor:
    """Eight of a bool tensor's entries in a byte, the first one in its highest bit, uint8 [·]."""
    if bits.device.type == "cpu":
        return torch.from_numpy(np.packbits(bits.numpy()))
    flat = torch.nn.functional.pad(bits.flatten(), (0, -bits.numel() % 8))
    values = torch.tensor(BITS, dtype=torch.uint8).to(bits.device)
    return (flat.reshape(-1, 8) * values).sum(dim=1, dtype=torch.uint8)


def unpacked(packed: torch.Tensor, entries: int) -> torch.Tensor:
    """So many bits of what `packed` made, bool [entries]."""
    if packed.device.type == "cpu":
        return torch.from_numpy(np.unpackbits(packed.numpy(), count=entries)).bool()
    values = torch.tensor(BITS, dtype=torch.uint8).to(packed.device)
    return (packed[:, None] & values).bool().flatten()[:entries]


def described(stored: dict[str, torch.Tensor]) -> dict[str, str]:
    """What the record says of one block's tensors on the CPU, keys {matrix}.{part}.

    Returns:
        As JSON, `sha256`: key → of the tensor; `kept`: matrix → how many of its weights stay.
    """
    # In their files' order, whatever the order in which they were made.
    order = sorted(stored, key=lambda key: (-stored[key].itemsize, key))
    stored = {key: stored[key] for key in order}
    counts = {
        projection: int(np.bitwise_count(matrix["kept"].numpy()).sum())
        for projection, matrix in matrices_in(stored).items()
    }
    digests = {key: digest(tensor) for key, tensor in stored.items()}
    return {"sha256": json.dumps(digests), "kept": json.dumps(counts)}


def matrices_in(tensors: dict[str, torch.Tensor]) -> dict[str, dict[str, torch.Tensor]]:
    """Matrix → stored form, of one block's tensors with keys {matrix}.{part}."""
    found: dict[str, dict[str, torch.Tensor]] = {}
    for key, tensor in tensors.items():
        name, _, part = key.rpartition(".")
        found.setdefault(name, {})[part] = tensor
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
        found = self._stored(key_of(block, projection), "kept", "values")
        if "kept" not in found:
            raise KeyError(f"{self.path}: no {key_of(block, projection)}")
        return decode(weight, found)

    def bias(self, block: int, projection: str) -> torch.Tensor | None:
        """The bias of the matrix's outputs, [rows]; None if it is the dense model's.

        Raises ValueError when its bytes are damaged.
        """
        return self._stored(key_of(block, projection), "bias").get("bias")

    def _stored(self, prefix: str, *parts: str) -> dict[str, torch.Tensor]:
        """Those of the parts of a matrix that there are."""
        found: dict[str, torch.Tensor] = {}
        names = {part: f"{prefix}.{part}" for part in parts if f"{prefix}.{part}" in self._names}
        if not names:
            return found
        with safe_open(self.path, framework="pt") as stored:
            for part, name in names.items():
                found[part] = stored.get_tensor(name)
                if digest(found[part]) != self._digests[name]:
                    raise ValueError(f"{self.path}: {name} is damaged: its checksum differs")
        return found
