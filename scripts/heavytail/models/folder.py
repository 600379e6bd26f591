"""One folder, one model: what the files hold is what config.json describes, all of it and no more.

The headers of the files say nearly everything; only weights that are tied and stored twice are
read.
"""

from pathlib import Path

import torch
from transformers import AutoTokenizer, PreTrainedModel

from heavytail.config.model_folder import check_settings, read_settings
from heavytail.models.architecture import check_config, described_model, unusable
from heavytail.models.checkpoint import INDEX, Checkpoint
from heavytail.models.naming import Naming, naming

# The format's names of the dtypes in which weights may be stored.
FLOATS = ("F64", "F32", "F16", "BF16")


def check_folder(folder: Path) -> None:
    """Raise FileNotFoundError or ValueError, in one line, if jobs could not use the folder rightly.

    It has to be one whole model of a supported family and a tokenizer, which the installed
    libraries can read, and nothing beside it that would make it another model.
    """
    check_settings(folder)
    checkpoint = Checkpoint(folder)
    check_config(folder, checkpoint.config)
    model = described_model(folder)
    found = naming(model, checkpoint.stored)
    _check_names(checkpoint, found)
    _check_shapes(checkpoint, model, found)
    _check_tied(checkpoint, model, found)
    try:
        AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    # On a broken file the library may raise any error.
    except Exception as error:
        raise unusable(folder, "tokenizer", error) from error


def _check_names(checkpoint: Checkpoint, found: Naming) -> None:
    """Raise ValueError if a tensor is missing, stands twice or has no place in the model."""
    folder = checkpoint.folder
    if found.changed:
        raise ValueError(
            f"{folder}: {found.changed[0]}: transformers turns or cuts it as it loads it: not "
            "supported"
        )
    if found.missing:
        name, prefix = found.missing[0], foreign_prefix(found.missing, found.left)
        if prefix:
            raise ValueError(
                f"{folder}: no tensor {name}, but {prefix}{name}: transformers does not know the "
                f"prefix {prefix!r}: take it off the names"
            )
        if found.left:
            raise ValueError(
                f"{folder}: no tensor {name}, but {found.left[0]}, which the model does not have"
            )
        raise ValueError(f"{folder}: no tensor {name}: a shard is missing")
    if found.twice:
        name = found.twice[0]
        raise ValueError(f"{folder}: found tensor {name}, which another one stands for too")
    if found.left:
        others = f" (and {len(found.left) - 1} others)" if len(found.left) > 1 else ""
        raise ValueError(
            f"{folder}: found tensor {found.left[0]}{others}, which the model of config.json does "
            "not have"
        )
    index = folder / INDEX
    listed = read_settings(index)["weight_map"] if index.exists() else {}
    for name, file in listed.items():
        if name not in checkpoint.stored or checkpoint.stored[name].file.name != file:
            raise ValueError(f"{index}: weight_map: {name}: not in {file}")


def foreign_prefix(missing: list[str], left: list[str]) -> str | None:
    """What all names that are left begin with, if behind it they are the missing ones."""
    found = next((name for name in left if name.endswith(f".{missing[0]}")), "")
    prefix = found.removesuffix(missing[0])
    return prefix if prefix and {f"{prefix}{name}" for name in missing} == set(left) else None


def _check_shapes(checkpoint: Checkpoint, model: PreTrainedModel, found: Naming) -> None:
    """Raise ValueError if a tensor has another shape than the model's, or holds no floats."""
    parameters = {name for name, _ in model.named_parameters()}
    for name, empty in model.state_dict().items():
        for stored, expected in _shapes(found, name, tuple(empty.shape)).items():
            entry, at = checkpoint.stored[stored], f"{checkpoint.folder}: {stored}"
            if entry.shape != expected:
                raise ValueError(f"{at}: found shape {entry.shape}, expected {expected}")
            if name in parameters and entry.code not in FLOATS:
                raise ValueError(
                    f"{at}: found numbers of type {entry.code}, expected one of "
                    f"{', '.join(FLOATS)}: dequantise the weights first"
                )


def _shapes(found: Naming, name: str, shape: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
    """The tensors of a checkpoint that a parameter of this shape is in, and their shapes."""
    if name in found.stored:
        return {found.stored[name]: shape}
    pieces = found.pieces.get(name, {})
    parts = 1 + max((part for _, part in pieces), default=0)
    return {stored: (shape[1] // parts, shape[2]) for stored in pieces.values()}


def _check_tied(checkpoint: Checkpoint, model: PreTrainedModel, found: Naming) -> None:
    """Raise ValueError if weights that config.json ties are stored twice and differ."""
    for tied, source in model.all_tied_weights_keys.items():
        one, other = (found.stored.get(name) for name in (tied, source))
        if one and other and one != other:
            same = torch.equal(checkpoint.tensor(one), checkpoint.tensor(other))
            if not same:
                raise ValueError(
                    f"{checkpoint.folder}: {one} and {other} differ, but config.json ties them: "
                    "say tie_word_embeddings: false there, or delete one"
                )
