"""BLOOM: the queries, keys and values of a head are adjacent in one matrix; there is no gate."""

from typing import Any

from heavytail.models.layout import Family, WeightSlice
from heavytail.projections import ATTENTION


def slices(config: dict[str, Any]) -> dict[str, WeightSlice]:
    """Canonical projection → where its weights are in a block."""
    heads = config["n_head"]
    width = config["hidden_size"] // heads
    return {
        name: WeightSlice("self_attention.query_key_value", heads, part * width, (part + 1) * width)
        for part, name in enumerate(ATTENTION[:3])
    } | {
        "o_proj": WeightSlice("self_attention.dense"),
        "up_proj": WeightSlice("mlp.dense_h_to_4h"),
        "down_proj": WeightSlice("mlp.dense_4h_to_h"),
    }


FAMILY = Family("transformer.h", slices, depth="n_layer", heads="n_head", tuples=True)
