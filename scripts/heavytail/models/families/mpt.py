"""MPT: queries, keys and values are the rows of one matrix; there is no gate."""

from typing import Any

from heavytail.models.layout import Family, WeightSlice
from heavytail.projections import ATTENTION


def slices(config: dict[str, Any]) -> dict[str, WeightSlice]:
    """Canonical projection → where its weights are in a block."""
    width = config["d_model"]
    return {
        name: WeightSlice("attn.Wqkv", 1, part * width, (part + 1) * width)
        for part, name in enumerate(ATTENTION[:3])
    } | {
        "o_proj": WeightSlice("attn.out_proj"),
        "up_proj": WeightSlice("ffn.up_proj"),
        "down_proj": WeightSlice("ffn.down_proj"),
    }


FAMILY = Family("transformer.blocks", slices, depth="n_layers", heads="n_heads", tuples=True)
