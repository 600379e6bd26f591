"""OPT: projections with names of their own; the MLP has no gate."""

from heavytail.models.layout import Family, Place
from heavytail.projections import ATTENTION


def places(_config: dict) -> dict[str, Place]:
    """Canonical projection → its place inside a block."""
    return {name: Place(f"self_attn.{name}") for name in ATTENTION[:3]} | {
        "o_proj": Place("self_attn.out_proj"),
        "up_proj": Place("fc1"),
        "down_proj": Place("fc2"),
    }


FAMILY = Family("model.decoder.layers", places, aliases=(("model.decoder.", "decoder."),))
