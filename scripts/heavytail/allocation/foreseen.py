"""Mistakes of allocations that the files of a local model show (standard library: parse time).

A job that allocates would find them too, but only after others. What a model of the hub has is not
known before it was fetched: of it the jobs speak.
"""

import math
from pathlib import Path

from heavytail.allocation.last_matrix import target_of_others
from heavytail.cells import target_of
from heavytail.config.entries import Allocation, Config
from heavytail.config.given import check_blocks, given_of, ratios_in, read_given
from heavytail.config.mistakes import fail
from heavytail.config.model_folder import read_settings
from heavytail.models.layout import family_of, has_module, slices_of
from heavytail.models.size import tensor_headers
from heavytail.projections import Matrix

# The allocator that reads ratios from a file, and the one that keeps the last matrix whole.
BY_FILE, LAST_WHOLE = "given", "er_plus"
# What a broken file of a model may raise here. The job that reads the model says what is wrong.
UNUSABLE = (AttributeError, IndexError, KeyError, OSError, TypeError, ValueError)


def check_local_models(config: Config) -> None:
    """Raise SettingsError if an allocation does not fit the files of a local model.

    Args:
        config: as `heavytail.config.settings.checked` returns it.
    """
    for name, allocation in config["allocations"].items():
        if allocation["allocator"] not in (BY_FILE, LAST_WHOLE):
            continue
        for model in allocation.get("models", config["models"]):
            folder = config["models"][model].get("path")
            if folder is None:
                continue
            sparsities = allocation.get("sparsities", config["sparsity"])
            try:
                _check(allocation, Path(folder), [target_of(one)[0] for one in sparsities])
            except ValueError as error:
                where = ("allocations", name, *(("file",) if "file" in allocation else ()))
                fail(where, f": models.{model}: {error}")


def _check(allocation: Allocation, folder: Path, targets: list[float]) -> None:
    """Raise ValueError if an allocation does not fit the model of a folder at these sparsities."""
    sizes = sizes_of(folder)
    known = bool(sizes) and all(sizes.values())
    if allocation["allocator"] == LAST_WHOLE:
        for target in targets if known else []:
            target_of_others(sizes, target)
    elif known:
        for target in targets:
            ratios_in(allocation["file"], sizes, target, allocation.get("step"))
    elif sizes:
        given_of(allocation["file"], list(sizes))
    elif (blocks := _blocks_of(folder)) and Path(allocation["file"]).suffix != ".npy":
        check_blocks(allocation["file"], read_given(allocation["file"]), blocks)


def sizes_of(folder: Path) -> dict[Matrix, int]:
    """(block, name) → number of weights, of a model whose layout a family's module says.

    Of other models nothing: to find their layout takes torch. The number is 0 if no file has the
    matrix, as for published alphas, or has it under a name that only transformers understands.
    """
    try:
        config = read_settings(folder / "config.json")
        if not has_module(config):
            return {}
        headers, prefix = tensor_headers(folder), family_of(config).blocks
        sizes = {}
        for block, slices in enumerate(slices_of(config)):
            for name, part in slices.items():
                tensor = f"{prefix}.{block}.{part.tensor}"
                # Some checkpoints lack the prefix of the base model.
                header = headers.get(tensor) or headers.get(tensor.partition(".")[2])
                sizes[block, name] = math.prod(part.shape(header["shape"])) if header else 0
    except UNUSABLE:
        return {}
    return sizes


def _blocks_of(folder: Path) -> int | None:
    """The number of blocks by config.json, if that says it by a usual key."""
    try:
        config = read_settings(folder / "config.json")
        settings = config.get("text_config", config)
    except UNUSABLE:
        return None
    if not isinstance(settings, dict):
        return None
    found = settings.get("decoder_layers", settings.get("num_hidden_layers"))
    return found if isinstance(found, int) and found > 0 else None
