"""A Hugging Face model folder, read one tensor at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property, reduce
from itertools import count
from pathlib import Path
from types import EllipsisType
from typing import TYPE_CHECKING, Any

from safetensors import SafetensorError, safe_open

from heavytail.config.model_folder import read_settings
from heavytail.models.found import kept
from heavytail.models.layout import Family, WeightSlice, family_of, slices_of
from heavytail.projections import Matrix

# Shapes are read without torch, which takes longer to import than most allocations take.
if TYPE_CHECKING:
    import torch

    from heavytail.models.naming import Naming, Piece

# Where a stored tensor is in a parameter: all of it, or some rows of an expert.
Place = EllipsisType | tuple[int, slice]
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
    def _naming(self) -> Naming:
        """The model's names of tensors → those of a checkpoint that has others."""
        from heavytail.models.architecture import described_model
        from heavytail.models.naming import naming

        return naming(described_model(self.folder), self.stored)

    def stored_name(self, name: str) -> str:
        """The name of a tensor in the checkpoint, or `name` if the checkpoint lacks it."""
        return name if name in self.stored else self._naming.stored.get(name, name)

    def _pieces(self, name: str) -> dict[Piece, str]:
        """Piece → name in the checkpoint, of a parameter that is stored by expert; else nothing."""
        stored = self.stored_name(name) in self.stored
        return {} if stored else self._naming.pieces.get(name, {})

    def _rows(self, pieces: dict[Piece, str], expert: int) -> Iterator[tuple[str, slice]]:
        """The tensors of an expert, and which of its rows each of them is."""
        start = 0
        for part in count():
            stored = pieces.get((expert, part))
            if stored is None:
                return
            yield stored, slice(start, start + self.stored[stored].shape[0])
            start += self.stored[stored].shape[0]

    def parts(self, name: str) -> Iterator[tuple[Place, torch.Tensor]]:
        """What is stored of a tensor, one after the other, and where it belongs. Raises as it."""
        pieces = self._pieces(name)
        if not pieces:
            yield ..., self.tensor(name)
        for expert in sorted({expert for expert, _ in pieces}):
            for stored, rows in self._rows(pieces, expert):
                yield (expert, rows), self.tensor(stored)

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
        if self._pieces(name):
            return self._joined(name)
        with self._reading(name) as (shard, stored):
            return shard.get_tensor(stored)

    def _joined(self, name: str) -> torch.Tensor:
        """A parameter that is stored by expert, in the widest dtype of its parts."""
        import torch

        found: torch.Tensor | None = None
        for place, part in self.parts(name):
            if found is None:
                found = torch.empty(self.shape(name), dtype=part.dtype)
            if found.dtype != part.dtype:
                found = found.to(torch.promote_types(found.dtype, part.dtype))
            found[place] = part
        assert found is not None, "there are pieces"
        return found

    def rows(self, name: str, start: int, stop: int) -> torch.Tensor:
        """The rows from `start` to `stop` of a tensor, as in `tensor`."""
        with self._reading(name) as (shard, stored):
            return shard.get_slice(stored)[start:stop]

    def shape(self, name: str) -> tuple[int, ...]:
        """The shape of a tensor, without reading it. Raises ValueError if it is missing."""
        pieces = self._pieces(name)
        if not pieces:
            return self.entry(name).shape
        *_, (last, rows) = self._rows(pieces, 0)
        experts = 1 + max(expert for expert, _ in pieces)
        return experts, rows.stop, *self.stored[last].shape[1:]

    @cached_property
    def family(self) -> Family:
        """The layout of the blocks. Raises ValueError as `family_of` does."""
        return kept(self.folder, self.config) or family_of(self.config)

    @cached_property
    def slices(self) -> list[dict[str, WeightSlice]]:
        """Of each block: matrix → where its weights are; raises as `slices_of` does."""
        return slices_of(self.config, self.family)

    @property
    def settings(self) -> dict[str, Any]:
        """The settings of the text decoder, in most models all those of config.json."""
        return self.family.settings(self.config)

    @property
    def depth(self) -> int:
        """The number of blocks."""
        return self.settings[self.family.depth]

    @cached_property
    def dtype(self) -> torch.dtype:
        """The narrowest dtype that holds every matrix of the blocks as it is stored."""
        import torch

        dtypes = (self.matrix_dtype(*matrix) for matrix in self.matrices())
        return reduce(torch.promote_types, dtypes)

    def weight_name(self, block: int, name: str) -> str:
        """The model's name of the tensor that holds a matrix, perhaps together with others."""
        return f"{self.family.blocks}.{block}.{self.slices[block][name].tensor}"

    def place(self, block: int, name: str) -> tuple[str, WeightSlice]:
        """The checkpoint's name of the tensor that holds a matrix, and where the matrix is in it.

        Raises ValueError if no tensor holds all of it.
        """
        part, tensor = self.slices[block][name], self.weight_name(block, name)
        pieces = self._pieces(tensor)
        if not pieces:
            return self.stored_name(tensor), part
        own = None if part.transposed or part.groups > 1 else slice(part.start, part.stop)
        for stored, rows in self._rows(pieces, part.expert or 0):
            if rows == own:
                return stored, WeightSlice(stored.removesuffix(".weight"))
        raise ValueError(f"{self.folder}: {tensor}: stored in parts of which {name} is none")

    def matrix_dtype(self, block: int, name: str) -> torch.dtype:
        """The dtype in which a matrix is stored, whatever config.json says."""
        from heavytail.io.tensors import DTYPES

        return DTYPES[self.entry(self.place(block, name)[0]).code]

    def matrix(self, block: int, name: str) -> torch.Tensor:
        """A matrix [rows, columns] in its stored dtype, on the CPU."""
        stored, part = self.place(block, name)
        if part.expert is None:
            return part.read(self.tensor(stored))
        one = self.rows(stored, part.expert, part.expert + 1)
        return replace(part, expert=0).read(one)

    def bias_name(self, block: int, name: str) -> str:
        """The model's name of the bias that the outputs of a matrix get, if the model has one."""
        return f"{self.family.blocks}.{block}.{self.slices[block][name].module}.bias"

    def bias(self, block: int, name: str) -> torch.Tensor | None:
        """What the outputs of a matrix get in addition, [rows]; zeros where the model has no bias.

        None of an expert: the weights of all experts are no module's, which could have a bias.
        """
        import torch

        part, bias = self.slices[block][name], self.bias_name(block, name)
        if part.expert is not None:
            return None
        if self.stored_name(bias) in self.stored:
            return part.outputs(self.tensor(bias)).flatten()
        rows, _ = self.matrix_shape(block, name)
        return torch.zeros(rows, dtype=self.matrix_dtype(block, name))

    def matrix_shape(self, block: int, name: str) -> tuple[int, int]:
        """The shape of a matrix, without reading it."""
        stored, part = self.place(block, name)
        return part.shape(self.shape(stored))

    def matrices(self) -> dict[Matrix, tuple[int, int]]:
        """(block, name) → shape of every matrix, in the order in which the model uses them.

        Raises ValueError if a tensor is missing or the family is not supported.
        """
        return {
            (block, name): self.matrix_shape(block, name)
            for block, slices in enumerate(self.slices)
            for name in slices
        }
