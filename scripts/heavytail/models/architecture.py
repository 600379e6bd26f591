"""What config.json alone says about a model: its family, its depth and its parameters' shapes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from heavytail.models.layout import family_of, slices_of

# Both take longer to import than the jobs that only read shapes take.
if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedConfig, PreTrainedModel
    from transformers.models.auto.auto_factory import _BaseAutoModelClass


def check_config(folder: Path, config: dict[str, Any]) -> None:
    """Raise ValueError if config.json names no supported family or no number of blocks."""
    kind = config.get("model_type")
    if not isinstance(kind, str):
        raise ValueError(f"{folder}/config.json: model_type: found {kind!r}, expected a name")
    family = family_of(config)
    key = family.depth
    blocks = family.settings(config).get(key)
    if type(blocks) is not int or blocks < 1:
        raise ValueError(
            f"{folder}/config.json: {key}: found {blocks!r}, expected a whole number above 0"
        )


def model_class(config: PreTrainedConfig) -> type[_BaseAutoModelClass]:
    """The class that makes the model of which a checkpoint with this config has all tensors.

    A model of more than text is whole: text alone then goes through its decoder.
    """
    from transformers import AutoModelForCausalLM, AutoModelForMultimodalLM

    parts = config.get_text_config() is not config
    whole = parts and type(config) in AutoModelForMultimodalLM._model_mapping
    return AutoModelForMultimodalLM if whole else AutoModelForCausalLM


def described_model(folder: str | Path) -> PreTrainedModel:
    """The model of a config.json, its parameters and buffers without content.

    Raises ValueError if transformers cannot make a model of it.
    """
    import torch
    from transformers import AutoConfig

    try:
        config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        with torch.device("meta"):
            return model_class(config).from_config(config)
    # On a broken file the library may raise any error.
    except Exception as error:
        raise unusable(folder, "config.json", error) from error


def empty_model(folder: str | Path, dtype: torch.dtype) -> PreTrainedModel:
    """The model of a config.json, its parameters without content but in the right dtypes.

    Buffers are not in checkpoints: rotary frequencies, for one, are computed here.

    Args:
        folder: has config.json.
        dtype: that of the computation. Parameters that transformers keeps in float32 whatever the
            dtype of the model are in float32.
    """
    import torch
    from accelerate import init_empty_weights
    from transformers import AutoConfig
    from transformers.core_model_loading import build_glob_alternation

    config = AutoConfig.from_pretrained(folder, local_files_only=True)
    with init_empty_weights(include_buffers=False):
        model = model_class(config).from_config(config, dtype=dtype)
    kept = list(model._get_dtype_plan(dtype))
    for name, parameter in model.named_parameters() if kept else ():
        if build_glob_alternation(kept)[0].search(name):
            parameter.data = parameter.data.to(torch.float32)
    return model.eval()


def parameter_shapes(folder: Path) -> dict[str, tuple[int, ...]]:
    """Tensor name → shape of each parameter of a model with this configuration.

    Raises ValueError as `described_model`.
    """
    parameters = described_model(folder).named_parameters()
    return {name: tuple(parameter.shape) for name, parameter in parameters}


def unusable(folder: str | Path, part: str, error: Exception) -> ValueError:
    """The error to raise if a library cannot use a part of a model's folder."""
    reason = f"{type(error).__name__}: {' '.join(str(error).split())}"
    return ValueError(f"{folder}: {part}: not usable ({reason})")


def matrices_of(folder: Path, config: dict[str, Any]) -> dict[tuple[int, str], tuple[int, int]]:
    """(block, name) → shape of every matrix of the blocks, in the order in which they are used.

    Args:
        folder: has config.json; it need not have weights.
        config: the content of config.json.

    Raises:
        ValueError: the family is not supported, or transformers cannot make a model of config.json.
    """
    check_config(folder, config)
    prefix, shapes = family_of(config).blocks, parameter_shapes(folder)
    return {
        (block, name): part.shape(shapes[f"{prefix}.{block}.{part.tensor}"])
        for block, slices in enumerate(slices_of(config))
        for name, part in slices.items()
    }
