"""OPT: the projections have other names than the canonical ones; the MLP has no gate."""

from typing import Any

from heavytail.models.layout import Family, WeightSlice
from heavytail.projections import ATTENTION


def slices(_config: dict[str, Any]) -> dict[str, WeightSlice]:
    """Canonical projection → where its weights are in a block."""
    return {name: WeightSlice(f"self_attn.{name}") for name in ATTENTION[:3]} | {
        "o_proj": WeightSlice("self_attn.out_proj"),
        "up_proj": WeightSlice("fc1"),
        "down_proj": WeightSlice("fc2"),
    }


FAMILY = Family("model.decoder.layers", slices)
