"""Load a whole model, dense or pruned, for programs that need all of it in memory."""

from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, PreTrainedModel

from heavytail.models.checkpoint import Checkpoint
from heavytail.models.device import compute_dtype, return_large_allocations
from heavytail.models.pruned import PrunedWeights


def load_model(
    folder: str | Path, device: torch.device, artifact: PrunedWeights | None = None
) -> PreTrainedModel:
    """The model of a Hugging Face folder, on the device; pruned if there is an artifact."""
    return_large_allocations()
    checkpoint = Checkpoint(folder)
    model = AutoModelForCausalLM.from_pretrained(
        folder, dtype=compute_dtype(checkpoint.dtype, device), local_files_only=True
    )
    # Pruned there: what an artifact holds is packed. Transformers wraps `to` so that its type asks
    # for the model once more.
    model = model.to(device)  # type: ignore[arg-type]
    if artifact is not None:
        for block, projection in checkpoint.matrices():
            part = checkpoint.slices[projection]
            weight = model.get_parameter(checkpoint.weight_name(block, projection)).data
            part.write(weight, artifact.apply(block, projection, part.read(weight)))
    return model.eval()
