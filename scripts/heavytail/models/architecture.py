"""What config.json alone says of a model: its family, depth and the shapes of its parameters."""

from pathlib import Path
from typing import Any

from heavytail.models.layout import family_of, slices_of


def check_config(folder: Path, config: dict[str, Any]) -> None:
    """Raise ValueError when config.json names no supported family or no number of blocks."""
    kind, blocks = config.get("model_type"), config.get("num_hidden_layers")
    if not isinstance(kind, str):
        raise ValueError(f"{folder}/config.json: model_type: found {kind!r}, expected a name")
    family_of(config)
    if type(blocks) is not int or blocks < 1:
        raise ValueError(
            f"{folder}/config.json: num_hidden_layers: found {blocks!r}, expected a whole number "
            "above 0"
        )


def parameter_shapes(folder: Path) -> dict[str, tuple[int, ...]]:
    """The shapes of the parameters that a model with this configuration has, by tensor name.

    Raises ValueError when transformers makes no model of it.
    """
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    try:
        config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        with torch.device("meta"):
            model = AutoModelForCausalLM.from_config(config)
    # Whatever a library makes of a broken file.
    except Exception as error:
        raise unusable(folder, "config.json", error) from error
    return {name: tuple(parameter.shape) for name, parameter in model.named_parameters()}


def unusable(folder: Path, part: str, error: Exception) -> ValueError:
    """What to raise when a library makes nothing of a part of a model's folder."""
    reason = f"{type(error).__name__}: {' '.join(str(error).split())}"
    return ValueError(f"{folder}: {part}: not usable ({reason})")


def matrices_of(folder: Path, config: dict[str, Any]) -> dict[tuple[int, str], tuple[int, int]]:
    """(block, projection) → shape of every matrix that the blocks have, in canonical order.

    Args:
        folder: holds config.json; weights are not looked for.
        config: what config.json says.

    Raises:
        ValueError: the family is not supported, or transformers makes no model of config.json.
    """
    check_config(folder, config)
    prefix, slices = family_of(config).blocks, slices_of(config)
    shapes = parameter_shapes(folder)
    return {
        (block, projection): part.shape(shapes[f"{prefix}.{block}.{part.module}.weight"])
        for block in range(config["num_hidden_layers"])
        for projection, part in slices.items()
    }
