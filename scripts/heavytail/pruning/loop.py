"""Prune a model, with the same loop for every method."""

import importlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from types import ModuleType

import torch
from safetensors.torch import load_file
from torch import nn

from heavytail.io.parts import Kept, Parts
from heavytail.models.device import brought
from heavytail.models.hidden_states import HiddenStates
from heavytail.models.layout import stages
from heavytail.models.streaming import StreamedModel
from heavytail.pruning import artifact
from heavytail.pruning.settings import PruneSettings


@dataclass(frozen=True)
class Procedure:
    """How a cell is pruned."""

    method: ModuleType  # of heavytail.pruning.methods
    within_block: (
        ModuleType | None
    )  # of heavytail.pruning.within_block, for methods with a statistic
    ratios: dict[tuple[int, str], float]  # (block, projection) → sparsity in [0, 1]
    group_size: int | None = None  # M of N:M sparsity


def chosen(settings: PruneSettings) -> tuple[ModuleType, ModuleType | None]:
    """The modules of the method and of the way through a block that the settings name.

    Raises ValueError if the method has a statistic but no way to gather it, or the reverse.
    """
    name, way = settings["method"], settings["within_block"]
    method = importlib.import_module(f"heavytail.pruning.methods.{name}")
    if (method.Statistic is None) != (way is None):
        raise ValueError(
            f"the method {name}: found Statistic = {method.Statistic}, which does not fit "
            f"calibrated={way is not None} in its row of config/methods.py"
        )
    if way is None:
        return method, None
    return method, importlib.import_module(f"heavytail.pruning.within_block.{way}")


@torch.no_grad()
def prune_model(
    model: StreamedModel,
    procedure: Procedure,
    batches: Iterator[torch.Tensor],
    parts: Parts,
    budget: float = float("inf"),
) -> None:
    """Prune every projection of every block and keep each block while the next one is pruned.

    The inputs of a block come from the pruned blocks before it, as published for Wanda and
    SparseGPT. If `parts` has a block from an earlier run, the hidden states only pass through it.

    Args:
        model: the dense model.
        procedure: the method and its ratios.
        batches: calibration token ids, int64 [batch, length]; read only if the method needs them.
        parts: stores the tensors of each block, with keys {projection}.{part} as artifact.encode
            names them.
        budget: bytes of hidden states that stay in memory; the others are on disk beside the parts.

    Raises:
        ValueError, ArithmeticError: a matrix cannot be pruned; the message names block and
            projection.
    """
    if all(parts.path(index).is_file() for index in range(len(model.decoder.layers))):
        return
    calibrated = procedure.method.Statistic is not None
    states = model.embed(batches, parts.folder, budget) if calibrated else HiddenStates()
    with parts.behind() as keep:
        for index, block in model.blocks():
            if parts.path(index).is_file():
                restore(model, block, load_file(parts.path(index)))
                if not model.is_last(index):
                    model.advance(index, block, states)
                continue
            stored: dict[str, torch.Tensor] = {}
            stage = partial(prune_stage, model, procedure, index, block, stored)
            if calibrated:
                assert procedure.within_block, "a statistic is gathered one way or the other"
                place = procedure.method.Statistic, index, block, states
                procedure.within_block.prune_block(model, *place, stage)
            else:
                for sharing in stages(model.slices):
                    stage(sharing, None)
            keep(index, partial(finished, brought(stored)))


def finished(arrived: Callable[[], dict[str, torch.Tensor]]) -> Kept:
    """A block's tensors once they are on the CPU, and what the record says of them."""
    stored = arrived()
    return stored, artifact.described(stored)


def prune_stage(
    model: StreamedModel,
    procedure: Procedure,
    index: int,
    block: nn.Module,
    stored: dict[str, torch.Tensor],
    projections: tuple[str, ...],
    statistic: object,
) -> None:
    """Prune projections that read the same inputs, in the block, and encode them in `stored`.

    Raises ValueError or ArithmeticError, which names the matrix, if one cannot be pruned.
    """
    rewrites = procedure.method.REWRITES
    # A method that rewrites weights shares its work between them. The others take one at a time, so
    # that there is one copy at a time.
    for names in [projections] if rewrites else [(name,) for name in projections]:
        weights = [model.weight(block, name).float() for name in names]
        ratios = [procedure.ratios[index, name] for name in names]
        try:
            updated, masks = procedure.method.prune(
                weights, statistic, ratios, procedure.group_size
            )
        except (ValueError, ArithmeticError) as error:
            raise type(error)(f"block {index}, {', '.join(names)}: {error}") from error
        del weights
        for name, weight, removed in zip(names, updated, masks, strict=True):
            # The next block must see what the artifact stores.
            pruned = weight.to(model.stored_dtype).masked_fill(removed, 0.0).contiguous()
            model.put(block, name, pruned)
            encoded = artifact.encode(removed, pruned if rewrites else None)
            stored.update({f"{name}.{part}": tensor for part, tensor in encoded.items()})


def restore(model: StreamedModel, block: nn.Module, stored: dict[str, torch.Tensor]) -> None:
    """Put the pruned weights of an earlier run into a dense block."""
    for projection, matrix in artifact.matrices_in(stored).items():
        model.put(block, projection, artifact.decode(model.weight(block, projection), matrix))
