"""LLaMA: every projection has a module of its own, with the canonical name."""

from typing import Any

from heavytail.models.layout import Family, WeightSlice
from heavytail.projections import ATTENTION, MLP


def slices(_config: dict[str, Any]) -> dict[str, WeightSlice]:
    """Canonical projection → where its weights are in a block."""
    return {name: WeightSlice(f"self_attn.{name}") for name in ATTENTION} | {
        name: WeightSlice(f"mlp.{name}") for name in MLP
    }


FAMILY = Family("model.layers", slices)
