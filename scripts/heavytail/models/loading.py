"""Load a whole model, dense or pruned, for programs that need all of it in memory."""

from pathlib import Path

import torch
from transformers import PreTrainedModel

from heavytail.models.architecture import empty_model
from heavytail.models.biases import Biases
from heavytail.models.checkpoint import Checkpoint
from heavytail.models.device import compute_dtype, return_large_allocations
from heavytail.models.pruned import PrunedWeights


@torch.no_grad()
def load_model(
    folder: str | Path, device: torch.device, artifact: PrunedWeights | None = None
) -> PreTrainedModel:
    """The model of a Hugging Face folder, on the device; pruned if there is an artifact.

    It has the same tensors of the same files as a `StreamedModel`.
    """
    return_large_allocations()
    checkpoint = Checkpoint(folder)
    model = empty_model(folder, compute_dtype(checkpoint.dtype, device))
    weights = {
        name: checkpoint.tensor(name).to(device, empty.dtype)
        for name, empty in model.state_dict().items()
        if name not in model.all_tied_weights_keys
    }
    model.load_state_dict(weights, strict=False, assign=True)
    model.tie_weights()
    # Buffers too. Transformers wraps `to` so that its type asks for the model once more.
    model = model.to(device)  # type: ignore[arg-type]
    # Pruned there: what an artifact holds is packed.
    if artifact is not None:
        biases = Biases()
        for block, name in checkpoint.matrices():
            part = checkpoint.slices[block][name]
            weight = model.get_parameter(checkpoint.weight_name(block, name)).data
            part.write(weight, artifact.apply(block, name, part.read(weight)))
            if (bias := artifact.bias(block, name)) is not None:
                module = f"{checkpoint.family.blocks}.{block}.{part.module}"
                biases.put(model.get_submodule(module), part, bias)
    return model
