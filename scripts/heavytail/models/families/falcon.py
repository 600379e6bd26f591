"""Falcon: queries, keys and values are rows of one matrix, in one of three orders; no gate."""

from typing import Any

from heavytail.models.layout import Family, WeightSlice


def slices(config: dict[str, Any]) -> dict[str, WeightSlice]:
    """Canonical projection → where its weights are in a block."""
    heads = config["num_attention_heads"]
    width = config["hidden_size"] // heads
    groups = heads
    if config.get("new_decoder_architecture"):
        # The query heads that share a key head stand before it and its value head.
        groups = config.get("num_kv_heads") or heads
    elif config.get("multi_query", True):
        groups = 1
    keys, fused = heads // groups * width, "self_attention.query_key_value"
    return {
        "q_proj": WeightSlice(fused, groups, 0, keys),
        "k_proj": WeightSlice(fused, groups, keys, keys + width),
        "v_proj": WeightSlice(fused, groups, keys + width, keys + 2 * width),
        "o_proj": WeightSlice("self_attention.dense"),
        "up_proj": WeightSlice("mlp.dense_h_to_4h"),
        "down_proj": WeightSlice("mlp.dense_4h_to_h"),
    }


FAMILY = Family("transformer.h", slices, tuples=True)
