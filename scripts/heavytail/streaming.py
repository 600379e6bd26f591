"""The one block-by-block loop: a model larger than memory, one block on the device at a time."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from accelerate import init_empty_weights
from torch import nn
from transformers import AutoConfig, AutoModelForCausalLM

from heavytail import families
from heavytail.artifact import Artifact
from heavytail.checkpoint import Checkpoint
from heavytail.device import compute_dtype

# Enough rows to keep matrix products busy, few enough that logits stay small.
BATCH_TOKENS = 4096


def batches_of(windows: torch.Tensor) -> Iterator[torch.Tensor]:
    """Token ids [windows, length] in batches of about 4096 tokens."""
    return iter(windows.split(max(1, BATCH_TOKENS // windows.shape[1])))


class _Captured(Exception):
    """Ends a forward pass once it has reached the first block."""


@dataclass
class Activations:
    """The hidden states of one batch and the other arguments that the model gives its blocks."""

    hidden: torch.Tensor  # [batch, length, width]
    arguments: tuple
    keywords: dict


class StreamedModel:
    """A causal language model whose weights stay on disk until they are needed.

    Raises ValueError for a family that is not supported and for blocks that want different
    arguments (mixed attention types).
    """

    def __init__(self, folder: str | Path, device: torch.device, artifact: Artifact | None = None):
        """Open `folder`; with an artifact, its blocks come pruned."""
        self.checkpoint = Checkpoint(folder)
        self.device = device
        self.artifact = artifact
        config = AutoConfig.from_pretrained(folder, local_files_only=True)
        self.modules = families.modules_of(config.model_type)
        if len(set(getattr(config, "layer_types", None) or ["full_attention"])) > 1:
            raise ValueError(f"{folder}: blocks of several attention types are not supported")
        self.stored_dtype = config.dtype or torch.float32
        self.dtype = compute_dtype(self.stored_dtype, device)
        # Buffers are not in checkpoints: rotary frequencies must be computed for real.
        with init_empty_weights(include_buffers=False):
            self.causal = AutoModelForCausalLM.from_config(config, dtype=self.dtype)
        self.causal.eval()
        self.decoder = self.causal.get_decoder()
        for buffer_owner in self.decoder.children():
            if not any(True for _ in buffer_owner.parameters()):
                buffer_owner.to(device)

    def load(self, module: nn.Module, prefix: str) -> None:
        """Give a module its weights from the checkpoint's tensors below `prefix`, on the device."""
        names = {name: f"{prefix}.{name}" for name, _ in module.named_parameters()}
        tensors = {
            name: self.checkpoint.tensor(full).to(self.device, self.dtype)
            for name, full in names.items()
        }
        module.load_state_dict(tensors, assign=True)

    @torch.no_grad()
    def embed(self, batches: Iterator[torch.Tensor]) -> list[Activations]:
        """Token ids, int64 [batch, length] each, to what the first block receives."""
        first = self.decoder.layers[0]
        captured: list[Activations] = []

        def capture(_module: nn.Module, arguments: tuple, keywords: dict) -> None:
            hidden, *others = arguments
            captured.append(Activations(hidden, tuple(others), keywords))
            raise _Captured

        self.load(self.decoder.embed_tokens, "model.embed_tokens")
        hook = first.register_forward_pre_hook(capture, with_kwargs=True)
        for ids in batches:
            try:
                self.decoder(input_ids=ids.to(self.device), use_cache=False)
            except _Captured:
                continue
        hook.remove()
        self.decoder.embed_tokens.to("meta")
        return captured

    def blocks(self) -> Iterator[tuple[int, nn.Module]]:
        """Each block in turn, on the device, pruned where there is an artifact."""
        for index, block in enumerate(self.decoder.layers):
            self.load(block, f"{families.BLOCKS}.{index}")
            if self.artifact is not None:
                for projection, path in self.modules.items():
                    weight = block.get_submodule(path).weight
                    weight.data = self.artifact.apply(index, projection, weight.data)
            yield index, block
            block.to("meta")

    @torch.no_grad()
    def run(
        self,
        activations: list[Activations],
        visit: Callable[[int, nn.Module, list[Activations]], None] | None = None,
    ) -> list[Activations]:
        """Send the activations through all blocks, in place.

        `visit(index, block, activations)` sees each block with its inputs before they go through
        it, and may change the block's weights.
        """
        for index, block in self.blocks():
            if visit is not None:
                visit(index, block, activations)
            for batch in activations:
                batch.hidden = block(batch.hidden, *batch.arguments, **batch.keywords)
        return activations
