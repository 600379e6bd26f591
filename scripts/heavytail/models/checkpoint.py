"""A Hugging Face model folder, read one tensor at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from safetensors import SafetensorError, safe_open

from heavytail.config.model_folder import read_settings
from heavytail.models.layout import Family, WeightSlice, family_of, slices_of

# Shapes are read without torch, which takes longer to import than most allocations take.
if TYPE_CHECKING:
    import torch

INDEX = "model.safetensors.index.json"


class Checkpoint:
    """The tensors of a folder's safetensors files by name; each is read only when it is needed.

    Raises FileNotFoundError if config.json, the weights or a shard that the index names is missing.
    Raises ValueError if a file is truncated or not a safetensors file, or the weights are
    quantised.
    """

    def __init__(self, folder: str | Path):
        """Read config.json, and the names of all tensors and of their files."""
        self.folder = Path(folder)
        self.config = read_settings(self.folder / "config.json")
        if self.config.get("quantization_config"):
            raise ValueError(
                f"{self.folder}/config.json: quantization_config: found quantised weights, "
                "expected plain 16- or 32-bit floats: dequantise them first"
            )
        self._files: dict[str, Path] = {}
        for path in self._shards():
            with self._open(path) as shard:
                self._files |= dict.fromkeys(shard.keys(), path)

    def _shards(self) -> list[Path]:
        if (self.folder / INDEX).exists():
            names = read_settings(self.folder / INDEX).get("weight_map")
            # A shard must be in the folder itself; the index may point elsewhere.
            if not isinstance(names, dict) or any(Path(str(n)).name != n for n in names.values()):
                expected = "expected a map from tensors to files of this folder"
                raise ValueError(f"{self.folder / INDEX}: weight_map: {expected}")
            shards = sorted({self.folder / name for name in names.values()})
        else:
            shards = sorted(self.folder.glob("*.safetensors"))
        missing = [path.name for path in shards if not path.exists()]
        if missing or not shards:
            raise FileNotFoundError(
                f"{self.folder}: no {missing[0] if missing else '*.safetensors'}"
            )
        return shards

    @staticmethod
    def _open(path: Path, framework: str = "numpy") -> safe_open:
        try:
            return safe_open(path, framework=framework)
        except SafetensorError as error:
            raise ValueError(f"{path}: not a whole safetensors file ({error})") from error

    def stored_name(self, name: str) -> str:
        """The name of a tensor in the checkpoint."""
        others = (
            other + name.removeprefix(ours)
            for ours, other in self.family.aliases
            if name.startswith(ours)
        )
        return next((found for found in (name, *others) if found in self._files), name)

    @contextmanager
    def _stored(self, name: str, framework: str) -> Iterator[tuple[safe_open, str]]:
        """The open file of a tensor, and the tensor's name in it."""
        stored = self.stored_name(name)
        if stored not in self._files:
            raise ValueError(
                f"{self.folder}: no tensor {name}: a shard is missing or the weights are quantised"
            )
        with self._open(self._files[stored], framework) as shard:
            yield shard, stored

    def tensor(self, name: str) -> torch.Tensor:
        """One tensor in its stored dtype, on the CPU. Raises ValueError if it is missing."""
        with self._stored(name, "pt") as (shard, stored):
            return shard.get_tensor(stored)

    def rows(self, name: str, start: int, stop: int) -> torch.Tensor:
        """The rows from `start` to `stop` of a tensor, as in `tensor`."""
        with self._stored(name, "pt") as (shard, stored):
            return shard.get_slice(stored)[start:stop]

    def shape(self, name: str) -> tuple[int, ...]:
        """The shape of a tensor, without reading it. Raises ValueError if it is missing."""
        with self._stored(name, "numpy") as (shard, stored):
            return tuple(shard.get_slice(stored).get_shape())

    @cached_property
    def family(self) -> Family:
        """The layout of the blocks. Raises ValueError as `family_of` does."""
        return family_of(self.config)

    @cached_property
    def slices(self) -> dict[str, WeightSlice]:
        """Canonical projection → where its weights are in a block; raises as `slices_of` does."""
        return slices_of(self.config)

    @cached_property
    def dtype(self) -> torch.dtype:
        """The dtype in which the blocks' matrices are stored, whatever config.json says."""
        return self.tensor(self.weight_name(0, "q_proj")).dtype

    def weight_name(self, block: int, projection: str) -> str:
        """The name of the tensor that holds a projection, perhaps together with others."""
        return f"{self.family.blocks}.{block}.{self.slices[projection].module}.weight"

    def matrix(self, block: int, projection: str) -> torch.Tensor:
        """A projection [rows, columns] in its stored dtype, on the CPU."""
        return self.slices[projection].read(self.tensor(self.weight_name(block, projection)))

    def matrix_shape(self, block: int, projection: str) -> tuple[int, int]:
        """The shape of a projection, without reading it."""
        return self.slices[projection].shape(self.shape(self.weight_name(block, projection)))

    def matrices(self) -> dict[tuple[int, str], tuple[int, int]]:
        """(block, projection) → shape of every matrix, in canonical order.

        Raises ValueError if a tensor is missing or the family is not supported.
        """
        slices = self.slices
        blocks = range(self.config["num_hidden_layers"])
        return {(b, p): self.matrix_shape(b, p) for b in blocks for p in slices}
