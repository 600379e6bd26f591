"""The biases of a cell as a Hugging Face folder has them.

Where the dense model has no biases, config.json must ask transformers for them. Its keys ask for
those of all projections of attention or of an MLP, so some of them may be zeros.
"""

from typing import Any

import torch
from transformers import AutoConfig, AutoModelForCausalLM

from heavytail.models.checkpoint import Checkpoint
from heavytail.models.layout import WeightSlice
from heavytail.pruning.artifact import Artifact

KEYS = ("attention_bias", "mlp_bias")


def exported_biases(
    checkpoint: Checkpoint, artifact: Artifact
) -> tuple[dict[str, torch.Tensor], dict[str, bool]]:
    """Biases that the folder of a cell has and that of the dense model lacks or has otherwise.

    Args:
        checkpoint: that of the dense model.
        artifact: that of the cell.

    Returns:
        Name in the checkpoint → the whole bias, in the dtype in which it is stored, and what is
        to be set in config.json.

    Raises:
        ValueError: transformers has no such biases for this type of model.
    """
    changed: dict[str, list[tuple[WeightSlice, torch.Tensor]]] = {}
    for block, name in checkpoint.matrices():
        rows = artifact.bias(block, name)
        if rows is not None:
            own = checkpoint.slices[block][name], rows
            changed.setdefault(checkpoint.bias_name(block, name), []).append(own)
    lacking = [name for name in changed if checkpoint.stored_name(name) not in checkpoint.stored]
    settings, shapes = _added(checkpoint, lacking) if lacking else ({}, {})
    found: dict[str, torch.Tensor] = {}
    for name in [*changed, *(name for name in shapes if name not in changed)]:
        stored = checkpoint.stored_name(name)
        if stored in checkpoint.stored:
            whole = checkpoint.tensor(name).clone()
        else:
            stored, dtype = _weight_beside(checkpoint, name)
            whole = torch.zeros(shapes[name], dtype=dtype)
        for part, rows in changed.get(name, ()):
            part.outputs(whole).copy_(rows.unflatten(0, (part.groups, -1)))
        found[stored] = whole
    return found, settings


def _weight_beside(checkpoint: Checkpoint, name: str) -> tuple[str, torch.dtype]:
    """The name in the checkpoint of a bias that it lacks, and the dtype of the weight beside it."""
    from heavytail.io.tensors import DTYPES

    weight = f"{name.removesuffix('.bias')}.weight"
    code = checkpoint.entry(weight).code
    return f"{checkpoint.stored_name(weight).removesuffix('.weight')}.bias", DTYPES[code]


def _added(
    checkpoint: Checkpoint, lacking: list[str]
) -> tuple[dict[str, bool], dict[str, tuple[int, ...]]]:
    """What must be set in config.json, and the shapes of all biases that the model then has more.

    Raises ValueError if that gives the model not all that are lacking.
    """
    config: Any = AutoConfig.from_pretrained(checkpoint.folder, local_files_only=True)
    settings = {key: True for key in KEYS if getattr(config, key, None) is False}
    for key, value in settings.items():
        setattr(config, key, value)
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config)
    shapes = {
        name: tuple(parameter.shape)
        for name, parameter in model.named_parameters()
        if name.endswith(".bias") and checkpoint.stored_name(name) not in checkpoint.stored
    }
    for name in lacking:
        if name not in shapes:
            raise ValueError(
                f"{checkpoint.folder}: {name}: transformers' {config.model_type} has no such bias: "
                "this cell is evaluated, but cannot be exported"
            )
    return settings, shapes
