"""A Hugging Face model folder, read one tensor at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, reduce
from pathlib import Path
from typing import TYPE_CHECKING

from safetensors import SafetensorError, safe_open

from heavytail.config.model_folder import read_settings
from heavytail.models.layout import Family, WeightSlice, family_of, slices_of

# Shapes are read without torch, which takes longer to import than most allocations take.
if TYPE_CHECKING:
    import torch

WEIGHTS, INDEX = "model.safetensors", "model.safetensors.index.json"


@dataclass(frozen=True)
class Stored:
    """What the header of a file says of a tensor."""

    file: Path
    code: str  # the format's name of the dtype
    shape: tuple[int, ...]


class Checkpoint:
    """The tensors of a folder's safetensors files by name; each is read only when it is needed.

    Raises FileNotFoundError if config.json, the weights or a shard that the index names is missing.
    Raises ValueError if a file is truncated or not a safetensors file, the weights are quantised,
    or the folder has more than one checkpoint.
    """

    def __init__(self, folder: str | Path):
        """Read config.json, and the headers of all files."""
        self.folder = Path(folder)
        self.config = read_settings(self.folder / "config.json")
        if self.config.get("quantization_config"):
            raise ValueError(
                f"{self.folder}/config.json: quantization_config: found quantised weights, "
                "expected plain 16- or 32-bit floats: dequantise them first"
            )
        self.stored: dict[str, Stored] = {}
        for path in self._shards():
            with self._open(path) as shard:
                for name in shard.keys():  # noqa: SIM118
                    if name in self.stored:
                        other = self.stored[name].file.name
                        raise ValueError(f"{path}: found tensor {name}, which {other} has too")
                    part = shard.get_slice(name)
                    self.stored[name] = Stored(path, part.get_dtype(), tuple(part.get_shape()))

    def _shards(self) -> list[Path]:
        """The files of the one checkpoint of the folder."""
        shards = {self.folder / WEIGHTS}
        if (self.folder / INDEX).exists():
            names = read_settings(self.folder / INDEX).get("weight_map")
            # A shard must be in the folder itself; the index may point elsewhere.
            if not isinstance(names, dict) or any(Path(str(n)).name != n for n in names.values()):
                expected = "expected a map from tensors to files of this folder"
                raise ValueError(f"{self.folder / INDEX}: weight_map: {expected}")
            shards = {self.folder / name for name in names.values()}
        files = {path for path in self.folder.glob("*.safetensors") if path.is_file()}
        files -= set(self.folder.glob("consolidated*"))
        missing = sorted(path.name for path in shards if not path.exists())
        if missing or not shards:
            name = missing[0] if missing and files else "*.safetensors"
            raise FileNotFoundError(f"{self.folder}: no {name}")
        for path in sorted(files - shards):
            others = "the files of its index" if (self.folder / INDEX).exists() else WEIGHTS
            raise ValueError(
                f"{self.folder}: found {path.name} beside {others}, expected one checkpoint: "
                "move one away"
            )
        return sorted(shards)

    @staticmethod
    def _open(path: Path, framework: str = "numpy") -> safe_open:
        try:
            return safe_open(path, framework=framework)
        except SafetensorError as error:
            raise ValueError(f"{path}: not a whole safetensors file ({error})") from error

    @cached_property
    def _renamed(self) -> dict[str, str]:
        """The model's names of tensors → those of a checkpoint that has others."""
        from heavytail.models.architecture import described_model
        from heavytail.models.naming import naming

        return naming(described_model(self.folder), self.stored).stored

    def stored_name(self, name: str) -> str:
        """The name of a tensor in the checkpoint, or `name` if the checkpoint lacks it."""
        return name if name in self.stored else self._renamed.get(name, name)

    def entry(self, name: str) -> Stored:
        """What a header says of a tensor. Raises ValueError if it is missing."""
        stored = self.stored_name(name)
        if stored not in self.stored:
            raise ValueError(f"{self.folder}: no tensor {name}: a shard is missing")
        return self.stored[stored]

    @contextmanager
    def _reading(self, name: str) -> Iterator[tuple[safe_open, str]]:
        """The open file of a tensor, and the tensor's name in it."""
        with self._open(self.entry(name).file, "pt") as shard:
            yield shard, self.stored_name(name)

    def tensor(self, name: str) -> torch.Tensor:
        """One tensor in its stored dtype, on the CPU. Raises ValueError if it is missing."""
        with self._reading(name) as (shard, stored):
            return shard.get_tensor(stored)

    def rows(self, name: str, start: int, stop: int) -> torch.Tensor:
        """The rows from `start` to `stop` of a tensor, as in `tensor`."""
        with self._reading(name) as (shard, stored):
            return shard.get_slice(stored)[start:stop]

    def shape(self, name: str) -> tuple[int, ...]:
        """The shape of a tensor, without reading it. Raises ValueError if it is missing."""
        return self.entry(name).shape

    @cached_property
    def family(self) -> Family:
        """The layout of the blocks. Raises ValueError as `family_of` does."""
        return family_of(self.config)

    @cached_property
    def slices(self) -> dict[str, WeightSlice]:
        """Canonical projection → where its weights are in a block; raises as `slices_of` does."""
        return slices_of(self.config)

    @property
    def depth(self) -> int:
        """The number of blocks."""
        return self.config[self.family.depth]

    def matrix_dtype(self, block: int, projection: str) -> torch.dtype:
        """The dtype in which a projection is stored, whatever config.json says."""
        from heavytail.io.tensors import DTYPES

        return DTYPES[self.entry(self.weight_name(block, projection)).code]

    @cached_property
    def dtype(self) -> torch.dtype:
        """The narrowest dtype that holds every matrix of the blocks as it is stored."""
        import torch

        dtypes = (self.matrix_dtype(*matrix) for matrix in self.matrices())
        return reduce(torch.promote_types, dtypes)

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
        return {(b, p): self.matrix_shape(b, p) for b in range(self.depth) for p in slices}
