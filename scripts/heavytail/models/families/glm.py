"""GLM: gate and up are the rows of one matrix; all else is as in LLaMA."""

from typing import Any

from heavytail.models.families import llama
from heavytail.models.layout import Family, WeightSlice


def slices(config: dict[str, Any]) -> dict[str, WeightSlice]:
    """Canonical projection → where its weights are in a block."""
    fused, inner = "mlp.gate_up_proj", config["intermediate_size"]
    return llama.slices(config) | {
        "gate_proj": WeightSlice(fused, stop=inner),
        "up_proj": WeightSlice(fused, start=inner),
    }


FAMILY = Family("model.layers", slices)
