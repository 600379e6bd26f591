"""Prune a cell only to score it once; nothing of it is kept."""

from pathlib import Path

import torch
from safetensors.torch import load_file

from heavytail.evaluation.perplexity import negative_log_likelihoods
from heavytail.io.parts import Parts
from heavytail.models.streaming import StreamedModel, batches_of
from heavytail.pruning.artifact import decode, matrices_in
from heavytail.pruning.loop import Procedure, prune_model


class PrunedBlocks:
    """Takes the place of an Artifact in a StreamedModel, from the separate blocks of a cell."""

    def __init__(self, parts: Parts):
        """`parts` must have all blocks."""
        self._parts = parts
        self._block: int | None = None
        self._matrices: dict[str, dict[str, torch.Tensor]] = {}

    def apply(self, block: int, projection: str, weight: torch.Tensor) -> torch.Tensor:
        """The pruned matrix."""
        return decode(weight, self._of(block)[projection])

    def bias(self, block: int, projection: str) -> torch.Tensor | None:
        """The bias of the matrix's outputs, [rows]; None if it is the dense model's."""
        return self._of(block)[projection].get("bias")

    def _of(self, block: int) -> dict[str, dict[str, torch.Tensor]]:
        """Matrix → stored form, of a block."""
        if block != self._block:
            stored = load_file(self._parts.path(block))
            self._block, self._matrices = block, matrices_in(stored)
        return self._matrices


def validation_loss(
    model: tuple[str | Path, torch.device],
    procedure: Procedure,
    calibration: torch.Tensor,
    validation: torch.Tensor,
    scratch: Path,
    budget: float,
) -> float:
    """The mean negative log-likelihood in nats of held-out text after pruning.

    Args:
        model: the folder of the model, and the device.
        procedure: how the model is pruned.
        calibration, validation: token ids, int64 [windows, length].
        scratch: an empty folder.
        budget: bytes of hidden states that stay in memory.
    """
    parts = Parts(scratch / "trial", "")
    prune_model(model, procedure, batches_of(calibration), parts, budget)
    pruned = StreamedModel(*model, PrunedBlocks(parts))
    return negative_log_likelihoods(pruned, validation, scratch, budget).mean().item()
