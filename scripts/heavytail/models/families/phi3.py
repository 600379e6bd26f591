"""Phi-3: queries, keys and values are the rows of one matrix, gate and up those of another."""

from typing import Any

from heavytail.models.families import llama
from heavytail.models.layout import Family, WeightSlice


def slices(config: dict[str, Any]) -> dict[str, WeightSlice]:
    """Canonical projection → where its weights are in a block."""
    heads = config["num_attention_heads"]
    width = config.get("head_dim") or config["hidden_size"] // heads
    queries = heads * width
    keys = queries + width * (config.get("num_key_value_heads") or heads)
    qkv, gate_up = "self_attn.qkv_proj", "mlp.gate_up_proj"
    inner = config["intermediate_size"]
    return llama.slices(config) | {
        "q_proj": WeightSlice(qkv, stop=queries),
        "k_proj": WeightSlice(qkv, start=queries, stop=keys),
        "v_proj": WeightSlice(qkv, start=keys),
        "gate_proj": WeightSlice(gate_up, stop=inner),
        "up_proj": WeightSlice(gate_up, start=inner),
    }


FAMILY = Family("model.layers", slices)
