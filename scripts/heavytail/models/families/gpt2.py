"""GPT-2: weights are [input features, output features]; queries, keys, values in one; no gate."""

from typing import Any

from heavytail.models.layout import Family, WeightSlice
from heavytail.projections import ATTENTION


def slices(config: dict[str, Any]) -> dict[str, WeightSlice]:
    """Canonical projection → where its weights are in a block."""
    width = config["n_embd"]
    return {
        name: WeightSlice("attn.c_attn", 1, part * width, (part + 1) * width, transposed=True)
        for part, name in enumerate(ATTENTION[:3])
    } | {
        "o_proj": WeightSlice("attn.c_proj", transposed=True),
        "up_proj": WeightSlice("mlp.c_fc", transposed=True),
        "down_proj": WeightSlice("mlp.c_proj", transposed=True),
    }


FAMILY = Family("transformer.h", slices, depth="n_layer", heads="n_head")
