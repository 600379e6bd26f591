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
from heavytail.models.biases import Biases
from heavytail.models.checkpoint import Checkpoint, Place
from heavytail.models.device import compute_dtype, return_large_allocations
from heavytail.models.head import decoder_of, equal, logits_of, models_beside
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
        self.layers = cast(nn.ModuleList, self.causal.get_submodule(self.prefix))
        self.decoder = decoder_of(self.causal, self.prefix)
        head = self.causal.get_output_embeddings()
        self.head = next(name for name, module in self.causal.named_modules() if module is head)
        self._empty = [block.state_dict() for block in self.layers]
        for module in self.causal.modules():
            for name, buffer in module.named_buffers(recurse=False):
                setattr(module, name, buffer.to(device))
        self._biases = Biases()
        # Block → the biases that its artifact has for it, as long as it has not come.
        self._changed: dict[int, dict[str, torch.Tensor]] = {}
        # (batch, length) → what the model gives each of its blocks beside the hidden states.
        self._arguments: dict[tuple[int, ...], list[tuple[tuple[Any, ...], dict[str, Any]]]] = {}

    def read(self, module: nn.Module, prefix: str) -> Iterator[tuple[str, Place, torch.Tensor]]:
        """Each weight of a module by its name, from the checkpoint's tensors below `prefix`.

        What is stored in parts comes so, each with its place in the weight.
        """
        for name in module.state_dict():
            for place, part in self.checkpoint.parts(f"{prefix}.{name}"):
                yield name, place, part

    def _load_ends(self) -> None:
        """Load all that stands before and after the blocks but for the output embedding."""
        beside = models_beside(self.causal, self.prefix)
        elsewhere = tuple(f"{name}." for name in (self.prefix, self.head, *beside))
        for prefix, module in self.causal.named_modules():
            if f"{prefix}.".startswith(elsewhere) or not (module._parameters or module._buffers):
                continue
            own = {name: part for name, part in module.state_dict().items() if "." not in name}
            if own:
                weights = {
                    name: weight.to(self.device, own[name].dtype)
                    for name, _, weight in self.read(module, prefix)
                    if name in own and f"{prefix}.{name}" not in self.causal.all_tied_weights_keys
                }
                module.load_state_dict(weights, strict=False, assign=True)

    @contextmanager
    def _blocks_do(self, forward: Callable[..., torch.Tensor]) -> Iterator[None]:
        """Let every block do `forward(index, hidden, *arguments, **keywords)` instead of its own.

        What the model does around its blocks is then the model's own code, whatever the family.
        """

        def instead(index: int, *arguments: Any, **keywords: Any) -> Any:
            hidden = forward(index, *arguments, **keywords)
            return (hidden,) if self.checkpoint.family.tuples else hidden

        for index, block in enumerate(self.layers):
            block.forward = partial(instead, index)
        try:
            yield
        finally:
            for block in self.layers:
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
            elif index == 0 and not equal(seen[0], (arguments, keywords)):
                raise ValueError("what the blocks receive depends on the text: not supported")
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
        numbers = range(len(self.layers))[:: -1 if backwards else 1]
        with closing(filled_ahead(numbers, self._room, self._fill, self.device)) as arriving:
            for index in counted("block", numbers, len(numbers)):
                block = self.layers[index]
                block.load_state_dict(next(arriving), assign=True)
                for name, bias in self._changed.pop(index, {}).items():
                    self.put_bias(index, name, bias)
                yield index, block
                self._biases.restore()
                # Buffers that no checkpoint has stay.
                block.load_state_dict(self._empty[index], assign=True)

    def _room(self, index: int) -> Weights:
        """Memory on the device for a block's weights."""
        return {
            name: torch.empty_like(empty, device=self.device)
            for name, empty in self._empty[index].items()
        }

    @torch.no_grad()
    def _fill(self, index: int, room: Weights) -> None:
        """Read a block's weights into their room, and prune them there."""
        for name, place, weight in self.read(self.layers[index], f"{self.prefix}.{index}"):
            if self.device.type == "cuda":
                # From there the GPU copies by itself.
                weight = weight.to(room[name].dtype).pin_memory()
            room[name][place].copy_(weight, non_blocking=True)
        if self.artifact is not None:
            changed = self._changed[index] = {}
            for name, part in self.slices[index].items():
                weight = room[part.tensor]
                part.write(weight, self.artifact.apply(index, name, part.read(weight)))
                if (bias := self.artifact.bias(index, name)) is not None:
                    changed[name] = bias

    def is_last(self, index: int) -> bool:
        """Whether no block follows."""
        return index == len(self.layers) - 1

    def weight(self, index: int, name: str) -> torch.Tensor:
        """A matrix [rows, columns] of a loaded block."""
        part = self.slices[index][name]
        return part.read(self.layers[index].get_parameter(part.tensor).data)

    def put(self, index: int, name: str, weight: torch.Tensor) -> None:
        """Give a matrix of a loaded block other weights, in the dtype of the computation."""
        part = self.slices[index][name]
        parameter = self.layers[index].get_parameter(part.tensor)
        if part.is_whole(parameter.shape):
            parameter.data = weight.to(parameter.dtype)
        else:
            part.write(parameter.data, weight)

    def put_bias(self, index: int, name: str, bias: torch.Tensor) -> None:
        """Give the outputs of a matrix of a loaded block another bias, [rows]."""
        part = self.slices[index][name]
        self._biases.put(self.layers[index].get_submodule(part.module), part, bias)

    def through(self, index: int, block: nn.Module, hidden: torch.Tensor) -> torch.Tensor:
        """One batch [batch, length, width] through a loaded block."""
        arguments, keywords = self._arguments[hidden.shape[:2]][index]
        found = block(hidden, *arguments, **keywords)
        return found[0] if self.checkpoint.family.tuples else found

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
        width = cast(nn.Embedding, self.decoder.get_input_embeddings()).embedding_dim
        unread = torch.zeros(*hidden.shape[:2], width, dtype=self.dtype, device=self.device)
        with self._blocks_do(lambda *_, **__: hidden):
            return self.decoder(inputs_embeds=unread, use_cache=False).last_hidden_state

    @torch.no_grad()
    def finish(self, states: HiddenStates) -> HiddenStates:
        """All batches through `end`, in place."""
        for number, hidden in enumerate(states):
            states[number] = self.end(hidden)
        return states

    def vocabulary(self, rows: int | None = None) -> Iterator[int]:
        """Load the output embedding in parts of so many entries, 8192 if nothing else is said.

        Gives the number of entries of each part. While it is there, `logits` are those of its
        entries.
        """
        head = cast(nn.Linear, self.causal.get_submodule(self.head))
        tied, own = self.causal.all_tied_weights_keys, f"{self.head}."
        names = {name: tied.get(own + name, own + name) for name in head.state_dict()}
        dtypes = {name: part.dtype for name, part in head.state_dict().items()}
        total = self.checkpoint.shape(names["weight"])[0]
        for start in range(0, total, rows or VOCABULARY_ROWS):
            stop = min(start + (rows or VOCABULARY_ROWS), total)
            for name, whole in names.items():
                part = self.checkpoint.rows(whole, start, stop).to(self.device, dtypes[name])
                setattr(head, name, nn.Parameter(part, requires_grad=False))
            yield stop - start
        head.to("meta")

    def logits(self, hidden: torch.Tensor) -> torch.Tensor:
        """What the model makes of one batch of the decoder's outputs, [batch, length, entries].

        The entries are those of the part of the vocabulary that is there.
        """
        return logits_of(self.causal, self.decoder, hidden)
