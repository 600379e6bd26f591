"""StarCoder 1: queries, keys and values are rows of one matrix, mostly with one key head."""

from typing import Any

from heavytail.models.layout import Family, WeightSlice


def slices(config: dict[str, Any]) -> dict[str, WeightSlice]:
    """Canonical projection → where its weights are in a block."""
    heads = config["n_head"]
    width = config["n_embd"] // heads
    groups = 1 if config.get("multi_query", True) else heads
    keys, fused = heads // groups * width, "attn.c_attn"
    return {
        "q_proj": WeightSlice(fused, groups, 0, keys),
        "k_proj": WeightSlice(fused, groups, keys, keys + width),
        "v_proj": WeightSlice(fused, groups, keys + width, keys + 2 * width),
        "o_proj": WeightSlice("attn.c_proj"),
        "up_proj": WeightSlice("mlp.c_fc"),
        "down_proj": WeightSlice("mlp.c_proj"),
    }


FAMILY = Family("transformer.h", slices, depth="n_layer", heads="n_head")
