"""The hidden states of all batches between two blocks, in memory and, beyond a budget, on disk."""

from collections.abc import Iterator
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from heavytail.io.files import replacing


class HiddenStates:
    """A list of tensors [batch, length, width], of which a limited number of bytes is in memory."""

    def __init__(self, folder: Path | None = None, budget: float = float("inf")):
        """An empty list. Batches beyond `budget` bytes are stored in files below `folder`."""
        self._folder, self._budget, self._used = folder, budget, 0
        # None stands for a batch on disk. This is decided once, because batches keep their size.
        self._batches: list[torch.Tensor | None] = []
        self._device = torch.device("cpu")

    def _path(self, number: int) -> Path:
        assert self._folder is not None, "a budget needs a folder"
        return self._folder / f"hidden-{number}.safetensors"

    def append(self, hidden: torch.Tensor) -> None:
        """Add a batch."""
        self._device = hidden.device
        self._used += hidden.nbytes
        self._batches.append(None)
        if self._used <= self._budget:
            self._batches[-1] = hidden
        else:
            self[len(self) - 1] = hidden

    def beside(self, name: str) -> "HiddenStates":
        """An empty list of what is computed from this one; it has what is left of the budget."""
        folder = None if self._folder is None else self._folder / name
        return HiddenStates(folder, max(0.0, self._budget - self._used))

    @property
    def spilled(self) -> bool:
        """Whether a batch is on disk."""
        return any(batch is None for batch in self._batches)

    def __len__(self) -> int:
        """The number of batches."""
        return len(self._batches)

    def __iter__(self) -> Iterator[torch.Tensor]:
        """Each batch in turn, on the device from which it came."""
        return (self[number] for number in range(len(self)))

    def __getitem__(self, number: int) -> torch.Tensor:
        """One batch."""
        kept = self._batches[number]
        if kept is not None:
            return kept
        return load_file(self._path(number))["hidden"].to(self._device)

    def __setitem__(self, number: int, hidden: torch.Tensor) -> None:
        """Replace a batch by one of the same size."""
        if self._batches[number] is not None:
            self._batches[number] = hidden
            return
        # A new file: a tensor that was read from the old file may still use it.
        with replacing(self._path(number)) as temporary:
            save_file({"hidden": hidden.cpu().contiguous()}, temporary)
