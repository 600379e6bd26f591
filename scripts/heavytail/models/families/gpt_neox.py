"""GPT-NeoX: query, key and value of each head adjoin in one matrix; the MLP has no gate."""

from heavytail.models.layout import Family, Place
from heavytail.projections import ATTENTION


def places(config: dict) -> dict[str, Place]:
    """Canonical projection → its place inside a block."""
    heads = config["num_attention_heads"]
    width = config["hidden_size"] // heads
    return {
        name: Place("attention.query_key_value", heads, part * width, (part + 1) * width)
        for part, name in enumerate(ATTENTION[:3])
    } | {
        "o_proj": Place("attention.dense"),
        "up_proj": Place("mlp.dense_h_to_4h"),
        "down_proj": Place("mlp.dense_4h_to_h"),
    }


FAMILY = Family("gpt_neox.layers", places, aliases=(("lm_head.", "embed_out."),))
