"""The pruned matrices that allocations consist of, made when one is first asked for.

A matrix is pruned for the inputs that it has in the cell of one allocation, so it does not depend
on the others and serves all allocations that are near that one. A mask takes a bit a weight; a
method that rewrites weights adds those that stay. What is not used is deleted beyond a number of
bytes, and made again if need be.
"""

import shutil
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from safetensors.torch import load_file

from heavytail.io.files import write_text
from heavytail.io.tensors import write_tensors
from heavytail.models.layout import stages
from heavytail.models.streaming import StreamedModel, batches_of
from heavytail.projections import Matrix, key_of
from heavytail.pruning.artifact import decode, matrices_in
from heavytail.pruning.loop import Procedure, prune_matrices

# A module of heavytail.pruning.within_block; calibration tokens and bytes of hidden states.
Way = ModuleType | None
Text = tuple[torch.Tensor, float]


def tensors_of(statistic: object) -> dict[str, torch.Tensor]:
    """All that a statistic knows, by the names of its fields, on the CPU."""
    found: dict[str, torch.Tensor] = {}
    for name, value in vars(statistic).items():
        if isinstance(value, torch.Tensor):
            found[name] = value.cpu().contiguous()
        elif isinstance(value, int):
            found[name] = torch.tensor(value)
        elif value is not None:
            found |= {f"{name}.{inner}": own for inner, own in tensors_of(value).items()}
    return found


def take(statistic: object, tensors: dict[str, torch.Tensor]) -> None:
    """Give a statistic without tokens what `tensors_of` read from another one."""
    for name, value in vars(statistic).items():
        if isinstance(value, torch.Tensor):
            setattr(statistic, name, tensors[name].to(value.device))
        elif isinstance(value, int):
            setattr(statistic, name, int(tensors[name].item()))
        elif value is not None:
            own = {key: tensor for key, tensor in tensors.items() if key.startswith(f"{name}.")}
            take(value, {key.removeprefix(f"{name}."): tensor for key, tensor in own.items()})


def place(
    model: StreamedModel, index: int, name: str, pruned: tuple[torch.Tensor, torch.Tensor | None]
) -> None:
    """Put a pruned matrix, and its bias if that changes, into a loaded block."""
    weight, bias = pruned
    model.put(index, name, weight)
    if bias is not None:
        model.put_bias(index, name, bias)


class Levels:
    """Pruned matrices as files, and the statistics from which they are made."""

    def __init__(self, folder: Path, model: StreamedModel, method: ModuleType, room: int):
        """What an earlier run left in `folder` counts.

        Args:
            folder: of the files.
            model: the dense model; nothing of it is read but its layout.
            method: of heavytail.pruning.methods, or such a method with the steps after it.
            room: bytes that matrices which the parent has not may take.
        """
        self.folder, self.model, self.method, self.room = folder, model, method, room
        self.sharing = [
            {name: own for own in stages(slices) for name in own} for slices in model.slices
        ]
        # The files by when they were last used, the oldest first.
        self._used = dict.fromkeys(sorted((folder / "matrices").glob("*.safetensors")))
        self._block: int | None = None
        self._statistics: dict[tuple[str, ...], Any] = {}

    @torch.no_grad()
    def gather(
        self, mark: str, allocation: dict[Matrix, tuple[int, float]], way: Way, text: Text
    ) -> None:
        """Keep the statistics of the inputs in the cell of an allocation, if the method has some.

        Matrices that were made from other statistics go.

        Args:
            mark: tells the allocation from those before it.
            allocation: (block, projection) → `moved` and ratio, as of `pruned`.
            way: how the cell goes through a block; None if the method has no statistic.
            text: calibration token ids, int64 [windows, length], and the bytes of hidden states
                that stay in memory.
        """
        done = self.folder / "statistics" / "done"
        if way is None or (done.is_file() and done.read_text() == mark):
            return
        for stale in ("statistics", "matrices", "hidden"):
            shutil.rmtree(self.folder / stale, ignore_errors=True)
        self._used.clear()
        self._block = None
        cell = StreamedModel(self.model.checkpoint.folder, self.model.device)
        states = cell.embed(batches_of(text[0]), self.folder / "hidden", text[1])
        for index, block in cell.blocks():
            stage = partial(self._stage, cell, index, allocation)
            way.prune_block(cell, self.method.Statistic, index, block, states, stage)
        shutil.rmtree(self.folder / "hidden", ignore_errors=True)
        write_text(done, mark)

    def _stage(
        self,
        cell: StreamedModel,
        index: int,
        allocation: dict[Matrix, tuple[int, float]],
        sharing: tuple[str, ...],
        statistic: object,
    ) -> None:
        """Keep the statistic of a stage, and prune its matrices in the loaded block."""
        if statistic is not None:
            write_tensors(self._source(index, sharing), tensors_of(statistic), {})
        for name in sharing:
            dense = cell.weight(index, name).clone()
            place(cell, index, name, self.pruned((index, name), *allocation[index, name], dense))

    def pruned(
        self, matrix: Matrix, moved: int, ratio: float, dense: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """A matrix without some of its weights, and the bias of its outputs if that changes.

        Args:
            matrix: block and projection.
            moved: tells its ratios apart.
            ratio: the share of its weights that goes.
            dense: the whole matrix [rows, columns], on the device.
        """
        file = self._file(matrix, moved)
        if file not in self._used or not file.is_file():
            write_tensors(file, self._made(matrix, ratio, dense), {})
        self._used.pop(file, None)
        self._used[file] = None
        stored = matrices_in(load_file(file))[matrix[1]]
        return decode(dense, stored), stored.get("bias")

    def trim(self, parent: dict[Matrix, int]) -> None:
        """Delete what was not used for longest, until the rest has room.

        Args:
            parent: (block, projection) → `moved` of the matrices that stay anyway.
        """
        kept = {self._file(matrix, moved) for matrix, moved in parent.items()}
        free = [file for file in self._used if file not in kept and file.is_file()]
        held = sum(file.stat().st_size for file in free)
        for file in free:
            if held <= self.room:
                break
            held -= file.stat().st_size
            file.unlink()
            del self._used[file]

    def _made(self, matrix: Matrix, ratio: float, dense: torch.Tensor) -> dict[str, torch.Tensor]:
        """A matrix as it is stored, pruned as its cell would prune it."""
        block, name = matrix
        procedure = Procedure(self.method, None, {matrix: ratio})
        own = block, {name: dense}, self._statistic(block, name, dense)
        ((_, _, stored),) = prune_matrices(procedure, self.model.checkpoint, *own)
        return {key: tensor.cpu() for key, tensor in stored.items()}

    def _statistic(self, block: int, name: str, dense: torch.Tensor) -> Any:
        """That of the inputs of a matrix; None if the method or no token has one for it."""
        sharing = self.sharing[block][name]
        if self.method.Statistic is None or not self._source(block, sharing).is_file():
            return None
        if block != self._block:
            self._block, self._statistics = block, {}
        if sharing not in self._statistics:
            found = self.method.Statistic(dense.shape[1], dense.device)
            take(found, load_file(self._source(block, sharing)))
            self._statistics[sharing] = found
        return self._statistics[sharing]

    def _source(self, block: int, sharing: tuple[str, ...]) -> Path:
        return self.folder / "statistics" / f"{key_of(block, sharing[0])}.safetensors"

    def _file(self, matrix: Matrix, moved: int) -> Path:
        return self.folder / "matrices" / f"{key_of(*matrix)}.{moved}.safetensors"
