"""LLaMA: every projection has a module of its own, under its canonical name."""

from heavytail.models.layout import Family, Place
from heavytail.projections import ATTENTION, MLP


def places(_config: dict) -> dict[str, Place]:
    """Canonical projection → its place inside a block."""
    return {name: Place(f"self_attn.{name}") for name in ATTENTION} | {
        name: Place(f"mlp.{name}") for name in MLP
    }


FAMILY = Family("model.layers", places)
