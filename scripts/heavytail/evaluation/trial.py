"""A cell that is pruned to be scored once, and leaves nothing behind."""

from pathlib import Path

import torch
from safetensors.torch import load_file

from heavytail.evaluation.perplexity import negative_log_likelihoods
from heavytail.io.parts import Parts
from heavytail.models.streaming import StreamedModel, batches_of
from heavytail.pruning.artifact import decode, matrices_in
from heavytail.pruning.loop import Procedure, prune_model


class PrunedBlocks:
    """What an Artifact is to a StreamedModel, from the blocks of a cell that was never joined."""

    def __init__(self, parts: Parts):
        """All blocks are there."""
        self._parts = parts
        self._block: int | None = None
        self._matrices: dict[str, dict[str, torch.Tensor]] = {}

    def apply(self, block: int, projection: str, weight: torch.Tensor) -> torch.Tensor:
        """The pruned matrix."""
        if block != self._block:
            stored = load_file(self._parts.path(block))
            self._block, self._matrices = block, matrices_in(stored)
        return decode(weight, self._matrices[projection])


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
        model: its folder, and where it is computed.
        procedure: how it is pruned.
        calibration, validation: token ids, int64 [windows, length].
        scratch: an empty folder.
        budget: bytes of hidden states that stay in memory.
    """
    parts = Parts(scratch / "trial", "")
    prune_model(StreamedModel(*model), procedure, batches_of(calibration), parts, budget)
    pruned = StreamedModel(*model, PrunedBlocks(parts))
    return negative_log_likelihoods(pruned, validation, scratch, budget).mean().item()
