"""The one block-by-block loop: a model larger than memory, one block in use at a time."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, cast

import torch
from torch import nn

from heavytail.models.ahead import Weights, filled_ahead
from heavytail.models.architecture import empty_model
from heavytail.models.checkpoint import Checkpoint
from heavytail.models.device import compute_dtype, return_large_allocations
from heavytail.models.hidden_states import HiddenStates
from heavytail.models.pruned import PrunedWeights
from heavytail.running.progress import counted

# Enough rows to keep matrix products busy, few enough that what a block makes of them stays small.
BATCH_TOKENS = 2048
# Logits of so many entries of the vocabulary exist at a time.
VOCABULARY_ROWS = 8192


def batches_of(windows: torch.Tensor) -> Iterator[torch.Tensor]:
    """Token ids [windows, length] in batches of about 2048 tokens."""
    return iter(windows.split(max(1, BATCH_TOKENS // windows.shape[1])))


class StreamedModel:
    """A causal language model whose weights stay on disk until they are needed.

    Raises ValueError for a family that is not supported.
    """

    def __init__(
        self, folder: str | Path, device: torch.device, artifact: PrunedWeights | None = None
    ):
        """Open `folder`; with an artifact, its blocks come pruned."""
        return_large_allocations()
        self.checkpoint = Checkpoint(folder)
        self.device = device
        self.artifact = artifact
        self.prefix, self.slices = self.checkpoint.family.blocks, self.checkpoint.slices
        self.dtype = compute_dtype(self.checkpoint.dtype, device)
        self.causal = empty_model(folder, self.dtype)
        self.decoder = self.causal.get_decoder()
        for buffer_owner in self.decoder.children():
            if not any(True for _ in buffer_owner.parameters()):
                buffer_owner.to(device)
        # (batch, length) → what the model gives each of its blocks beside the hidden states.
        self._arguments: dict[tuple[int, ...], list[tuple[tuple[Any, ...], dict[str, Any]]]] = {}

    def read(self, module: nn.Module, prefix: str) -> Iterator[tuple[str, torch.Tensor]]:
        """Each weight of a module by its name, from the checkpoint's tensors below `prefix`."""
        for name in module.state_dict():
            yield name, self.checkpoint.tensor(f"{prefix}.{name}")

    def _load_ends(self) -> None:
        """Load what stands before and after the blocks: embeddings and the last norm."""
        names = {module: name for name, module in self.causal.named_modules()}
        for child in self.decoder.children():
            if child is not self.decoder.layers:
                empty, read = child.state_dict(), self.read(child, names[child])
                weights = {name: part.to(self.device, empty[name].dtype) for name, part in read}
                child.load_state_dict(weights, assign=True)

    @contextmanager
    def _blocks_do(self, forward: Callable[..., torch.Tensor]) -> Iterator[None]:
        """Let every block do `forward(index, hidden, *arguments, **keywords)` instead of its own.

        What the model does around its blocks is then the model's own code, whatever the family.
        """
        for index, block in enumerate(self.decoder.layers):
            block.forward = partial(forward, index)
        try:
            yield
        finally:
            for block in self.decoder.layers:
                del block.forward

    @torch.no_grad()
    def embed(
        self,
        batches: Iterator[torch.Tensor],
        folder: Path | None = None,
        budget: float = float("inf"),
    ) -> HiddenStates:
        """Token ids, int64 [batch, length] each, to what the first block receives.

        Hidden states beyond `budget` bytes lie on disk below `folder`. Once per model: what an
        embedding computes beside its weights goes with it.
        """
        first = []

        def capture(
            index: int, hidden: torch.Tensor, *arguments: Any, **keywords: Any
        ) -> torch.Tensor:
            if index == 0:
                first.append(hidden)
            seen = self._arguments.setdefault(hidden.shape[:2], [])
            # Without padding they depend on the shape alone: once per shape, for every block.
            if len(seen) == index:
                seen.append((arguments, keywords))
            return hidden

        found = HiddenStates(folder, budget)
        self._load_ends()
        with self._blocks_do(capture):
            for ids in batches:
                self.decoder(input_ids=ids.to(self.device), use_cache=False)
                found.append(first.pop())
        self.decoder.get_input_embeddings().to("meta")
        return found

    def blocks(self, backwards: bool = False) -> Iterator[tuple[int, nn.Module]]:
        """Each block in turn, on the device, pruned where there is an artifact.

        The next one is read, converted and copied to the device while this one is in use.
        """
        numbers = range(len(self.decoder.layers))[:: -1 if backwards else 1]
        with closing(filled_ahead(numbers, self._room, self._fill, self.device)) as arriving:
            for index in counted("block", numbers, len(numbers)):
                block = self.decoder.layers[index]
                block.load_state_dict(next(arriving), assign=True)
                yield index, block
                block.to("meta")

    def _room(self, index: int) -> Weights:
        """Memory on the device for a block's weights."""
        return {
            name: torch.empty_like(empty, device=self.device)
            for name, empty in self.decoder.layers[index].state_dict().items()
        }

    @torch.no_grad()
    def _fill(self, index: int, room: Weights) -> None:
        """Read a block's weights into their room, and prune them there."""
        for name, weight in self.read(self.decoder.layers[index], f"{self.prefix}.{index}"):
            if self.device.type == "cuda":
                # From there the GPU copies by itself.
                weight = weight.to(room[name].dtype).pin_memory()
            room[name].copy_(weight, non_blocking=True)
        if self.artifact is not None:
            for projection, part in self.slices.items():
                weight = room[f"{part.module}.weight"]
                part.write(weight, self.artifact.apply(index, projection, part.read(weight)))

    def is_last(self, index: int) -> bool:
        """Whether no block follows."""
        return index == len(self.decoder.layers) - 1

    def weight(self, block: nn.Module, projection: str) -> torch.Tensor:
        """A projection [rows, columns] of a loaded block."""
        part = self.slices[projection]
        return part.read(cast(nn.Linear, block.get_submodule(part.module)).weight.data)

    def put(self, block: nn.Module, projection: str, weight: torch.Tensor) -> None:
        """Give a projection of a loaded block other weights, in the dtype of the computation."""
        part = self.slices[projection]
        module = cast(nn.Linear, block.get_submodule(part.module))
        if part.groups == 1 and weight.shape == module.weight.shape:
            module.weight.data = weight.to(module.weight.dtype)
        else:
            part.write(module.weight.data, weight)

    def through(self, index: int, block: nn.Module, hidden: torch.Tensor) -> torch.Tensor:
        """One batch [batch, length, width] through a loaded block."""
        arguments, keywords = self._arguments[hidden.shape[:2]][index]
        return block(hidden, *arguments, **keywords)

    def advance(self, index: int, block: nn.Module, states: HiddenStates) -> None:
        """All batches through a loaded block, in place."""
        for number, hidden in enumerate(states):
            states[number] = self.through(index, block, hidden)

    @torch.no_grad()
    def run(
        self,
        states: HiddenStates,
        visit: Callable[[int, nn.Module, HiddenStates], None] | None = None,
    ) -> HiddenStates:
        """Send the hidden states through all blocks, in place.

        `visit(index, block, states)` sees each block with its inputs before they go through it.
        """
        for index, block in self.blocks():
            if visit is not None:
                visit(index, block, states)
            self.advance(index, block, states)
        return states

    def end(self, hidden: torch.Tensor) -> torch.Tensor:
        """One batch of the last block's outputs to what the output embedding reads."""
        width = self.decoder.get_input_embeddings().embedding_dim
        unread = torch.zeros(*hidden.shape[:2], width, dtype=self.dtype, device=self.device)
        with self._blocks_do(lambda *_, **__: hidden):
            return self.decoder(inputs_embeds=unread, use_cache=False).last_hidden_state

    @torch.no_grad()
    def finish(self, states: HiddenStates) -> HiddenStates:
        """All batches through `end`, in place."""
        for number, hidden in enumerate(states):
            states[number] = self.end(hidden)
        return states

    def vocabulary(self) -> Iterator[torch.Tensor]:
        """The output embedding [vocabulary, width] in parts of 8192 entries, on the device."""
        tied = self.causal.config.tie_word_embeddings
        module = (
            self.decoder.get_input_embeddings() if tied else self.causal.get_output_embeddings()
        )
        name = next(name for name, found in self.causal.named_modules() if found is module)
        total = self.checkpoint.shape(f"{name}.weight")[0]
        for start in range(0, total, VOCABULARY_ROWS):
            end = min(start + VOCABULARY_ROWS, total)
            part = self.checkpoint.rows(f"{name}.weight", start, end)
            yield part.to(self.device, self.dtype)
