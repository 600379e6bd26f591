"""Where each model family keeps the canonical projections of a block."""

from collections.abc import Iterator

from heavytail.checkpoint import Checkpoint
from heavytail.projections import PROJECTIONS

LLAMA = {
    projection: f"{'mlp' if projection in PROJECTIONS[4:] else 'self_attn'}.{projection}"
    for projection in PROJECTIONS
}
# model_type of config.json → projection → path of the linear module inside its block
FAMILIES = {
    "llama": LLAMA,
    "mistral": LLAMA,
    "qwen2": LLAMA,
    "qwen3": LLAMA,
    "gemma": LLAMA,
}
BLOCKS = "model.layers"
# Projections that read the same activations share one statistic.
SHARED_INPUTS = (
    ("q_proj", "k_proj", "v_proj"),
    ("o_proj",),
    ("gate_proj", "up_proj"),
    ("down_proj",),
)


def modules_of(model_type: str) -> dict[str, str]:
    """Canonical projection → path of its linear module inside a block.

    Raises ValueError for a family that is not supported.
    """
    if model_type not in FAMILIES:
        known = ", ".join(sorted(FAMILIES))
        raise ValueError(f"config.json: model_type {model_type!r} is not one of {known}")
    return FAMILIES[model_type]


def weight_name(model_type: str, block: int, projection: str) -> str:
    """The checkpoint's name of one matrix."""
    return f"{BLOCKS}.{block}.{modules_of(model_type)[projection]}.weight"


def matrices(checkpoint: Checkpoint) -> Iterator[tuple[int, str, str]]:
    """Every matrix of a checkpoint as (block, projection, tensor name), in canonical order."""
    model_type = checkpoint.config.get("model_type")
    projections = modules_of(model_type)
    for block in range(checkpoint.config["num_hidden_layers"]):
        for projection in projections:
            yield block, projection, weight_name(model_type, block, projection)
