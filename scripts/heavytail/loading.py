"""A whole model in memory, dense or pruned, for programs that want one."""

from pathlib import Path

import torch
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedModel

from heavytail.artifact import Artifact
from heavytail.device import compute_dtype
from heavytail.families import family_of


def load_model(
    folder: str | Path, device: torch.device, artifact: Artifact | None = None
) -> PreTrainedModel:
    """The model of a Hugging Face folder on the device, pruned where there is an artifact."""
    stored = AutoConfig.from_pretrained(folder, local_files_only=True).dtype or torch.float32
    model = AutoModelForCausalLM.from_pretrained(
        folder, dtype=compute_dtype(stored, device), local_files_only=True
    )
    if artifact is not None:
        config = model.config.to_dict()
        family = family_of(config)
        for block in range(model.config.num_hidden_layers):
            for projection, place in family.places(config).items():
                weight = model.get_submodule(f"{family.blocks}.{block}.{place.module}").weight.data
                place.write(weight, artifact.apply(block, projection, place.read(weight)))
    return model.to(device).eval()
