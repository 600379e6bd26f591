"""Export a pruned cell as an ordinary Hugging Face folder, with a recipe for llm-compressor."""

import json
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open

from heavytail.config.model_folder import model_files, named, read_settings
from heavytail.io.files import write_text
from heavytail.io.tensors import CODES, Layout, layout_of, stream_tensors
from heavytail.models.checkpoint import INDEX, Checkpoint
from heavytail.models.layout import WeightSlice
from heavytail.projections import Matrix
from heavytail.pruning.artifact import Artifact
from heavytail.pruning.exported_biases import exported_biases

# This modifier prunes during training and has no N:M sparsity.
IN_TRAINING = "MagnitudePruningModifier"


def export(folder: str | Path, artifact: Artifact, target: Path) -> None:
    """Write the model of `folder` with the artifact's pruned weights into the folder `target`.

    The model's own files are copied, shard by shard with one tensor in memory. So dtypes, names and
    tied embeddings stay as they are. Biases that the model lacks are put beside their weights.

    Raises ValueError if transformers has no such biases for the model.
    """
    checkpoint = Checkpoint(folder)
    biases, settings = exported_biases(checkpoint, artifact)
    owners: dict[str, list[tuple[Matrix, WeightSlice]]] = {}
    for matrix in checkpoint.matrices():
        stored, part = checkpoint.place(*matrix)
        owners.setdefault(stored, []).append((matrix, part))

    def load(name: str) -> torch.Tensor:
        if name in biases:
            return biases[name]
        tensor = checkpoint.tensor(name)
        if name in owners:
            tensor = tensor.clone()
        for matrix, part in owners.get(name, ()):
            part.write(tensor, artifact.apply(*matrix, part.read(tensor)))
        return tensor

    target.mkdir(parents=True, exist_ok=True)
    for path in model_files(folder):
        copied = target / named(path, folder)
        if path.suffix == ".safetensors":
            with safe_open(path, framework="pt") as stored:
                layout, metadata = layout_of(stored), stored.metadata() or {}
            stream_tensors(copied, with_biases(layout, biases), load, metadata)
        elif settings and path.name in ("config.json", INDEX):
            found = read_settings(path)
            if path.name == INDEX:
                found["weight_map"] = beside_weights(found["weight_map"], biases)
            else:
                found |= settings
            write_text(copied, json.dumps(found, indent=2) + "\n")
        else:
            copied.parent.mkdir(exist_ok=True)
            shutil.copyfile(path, copied)


def with_biases(layout: Layout, biases: dict[str, torch.Tensor]) -> Layout:
    """The layout of a file, each bias of a weight in it included."""
    here = beside_weights(layout, biases)
    added = {name: (CODES[bias.dtype], tuple(bias.shape)) for name, bias in biases.items()}
    return layout | {name: own for name, own in added.items() if name in here}


def beside_weights(known: dict[str, Any], biases: Iterable[str]) -> dict[str, Any]:
    """Name of a tensor → what is known of it; of a bias what is known of the weight beside it."""
    weights = {name: f"{name.removesuffix('.bias')}.weight" for name in biases}
    return known | {name: known[weight] for name, weight in weights.items() if weight in known}


def module_ratios(checkpoint: Checkpoint, ratios: dict[Matrix, float]) -> dict[float, list[str]]:
    """Ratio → the linear modules with it; a fused module has the weighted mean of its parts.

    Those of experts have the names that their checkpoint has.
    """
    weights: dict[str, list[tuple[int, float]]] = {}
    for matrix, (rows, columns) in checkpoint.matrices().items():
        stored, _ = checkpoint.place(*matrix)
        expert = checkpoint.slices[matrix[0]][matrix[1]].expert is not None
        module = (stored if expert else checkpoint.weight_name(*matrix)).removesuffix(".weight")
        weights.setdefault(module, []).append((rows * columns, ratios[matrix]))
    found: dict[float, list[str]] = {}
    for module, parts in weights.items():
        mean = sum(size * ratio for size, ratio in parts) / sum(size for size, _ in parts)
        found.setdefault(round(mean, 12), []).append(module)
    return found


def recipe(
    checkpoint: Checkpoint,
    modifier: str,
    ratios: dict[Matrix, float],
    group_size: int | None,
) -> dict[str, Any]:
    """An llm-compressor recipe that gives every linear module the sparsity of its ratio.

    Args:
        checkpoint: that of the dense model.
        modifier: the name of llm-compressor's modifier.
        ratios: (block, name) → sparsity.
        group_size: M of N:M sparsity. llm-compressor's N counts the weights that are removed.
    """
    groups = {}
    for number, (ratio, targets) in enumerate(module_ratios(checkpoint, ratios).items()):
        settings: dict[str, Any] = {"targets": targets}
        if modifier == IN_TRAINING:
            settings |= {"init_sparsity": ratio, "final_sparsity": ratio, "start": 0, "end": 1}
        else:
            structure = f"{round(ratio * group_size)}:{group_size}" if group_size else "0:0"
            settings |= {"sparsity": ratio, "mask_structure": structure}
        groups[f"group_{number}_modifiers"] = {modifier: settings}
    return {"pruning_stage": groups}
