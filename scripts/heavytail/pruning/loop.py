"""Prune a model, with the same loop for every method."""

import importlib
import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import ModuleType

import torch
from safetensors.torch import load_file

from heavytail.io.parts import Kept, Parts
from heavytail.models.checkpoint import Checkpoint
from heavytail.models.device import brought
from heavytail.models.streaming import StreamedModel
from heavytail.projections import Matrix
from heavytail.pruning import artifact
from heavytail.pruning.selection import smallest_magnitudes
from heavytail.pruning.settings import PruneSettings
from heavytail.running.progress import counted

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Procedure:
    """How a cell is pruned."""

    method: ModuleType  # of heavytail.pruning.methods
    within_block: (
        ModuleType | None
    )  # of heavytail.pruning.within_block, for methods with a statistic
    ratios: dict[Matrix, float]  # (block, name) → sparsity in [0, 1]
    group_size: int | None = None  # M of N:M sparsity


@dataclass
class PrunedBlock:
    """The stored form of a block's matrices, with keys {matrix}.{part}.

    `unrouted` are the matrices of experts that no token reached, so that magnitude decided.
    """

    stored: dict[str, torch.Tensor] = field(default_factory=dict)
    unrouted: list[str] = field(default_factory=list)


def chosen(settings: PruneSettings) -> tuple[ModuleType, ModuleType | None]:
    """The modules of the method and of the way through a block that the settings name.

    Raises ValueError if the method has a statistic but no way to gather it, or the reverse.
    """
    name, way = settings["method"], settings["within_block"]
    method = importlib.import_module(f"heavytail.pruning.methods.{name}")
    steps = [settings.get(key) for key in ("refine", "update")]
    if any(steps):
        swaps, refit = (
            importlib.import_module(f"heavytail.pruning.after.{step}") if step else None
            for step in steps
        )
        combined = importlib.import_module("heavytail.pruning.combined")
        method = combined.Combined(method, swaps, refit)
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
    model: tuple[str | Path, torch.device],
    procedure: Procedure,
    batches: Iterator[torch.Tensor],
    parts: Parts,
    budget: float = float("inf"),
) -> None:
    """Prune every projection of every block and keep each block while the next one is pruned.

    Args:
        model: the folder of the dense model, and the device.
        procedure: the method and its ratios.
        batches: calibration token ids, int64 [batch, length]; read only if the method needs them.
        parts: stores the tensors of each block, with keys {matrix}.{part} as artifact.encode
            names them. Blocks that it has from an earlier run stay.
        budget: bytes of hidden states that stay in memory; the others are on disk beside the parts.

    Raises:
        ValueError, ArithmeticError: a matrix cannot be pruned; the message names block and
            projection.
    """
    folder, device = model
    checkpoint = Checkpoint(folder)
    blocks = range(checkpoint.depth)
    if all(parts.path(index).is_file() for index in blocks):
        return
    with parts.behind() as keep:
        if procedure.within_block is None:
            for index in counted("block", blocks, len(blocks)):
                if not parts.path(index).is_file():
                    stored = prune_by_itself(checkpoint, device, procedure, index)
                    keep(index, partial(finished, brought(stored), []))
        else:
            streamed = StreamedModel(folder, device)
            for index, pruned in prune_in_turn(streamed, procedure, batches, parts, budget):
                keep(index, partial(finished, brought(pruned.stored), pruned.unrouted))


def prune_by_itself(
    checkpoint: Checkpoint, device: torch.device, procedure: Procedure, index: int
) -> dict[str, torch.Tensor]:
    """The stored form of a block's matrices, pruned without a statistic: no block has to run.

    Raises ValueError or ArithmeticError, which names the matrix, if one cannot be pruned.
    """
    stored: dict[str, torch.Tensor] = {}
    for name in checkpoint.slices[index]:
        weights = {name: checkpoint.matrix(index, name).to(device)}
        for _, _, encoded in prune_matrices(procedure, checkpoint, index, weights, None):
            stored |= encoded
    return stored


def prune_in_turn(
    model: StreamedModel,
    procedure: Procedure,
    batches: Iterator[torch.Tensor],
    parts: Parts,
    budget: float,
) -> Iterator[tuple[int, PrunedBlock]]:
    """Each block that `parts` lacks, pruned.

    The inputs of a block come from the pruned blocks before it, as published for Wanda and
    SparseGPT. If `parts` has a block from an earlier run, the hidden states only pass through it.

    Args: as of `prune_model`.

    Raises: as `prune_model`.
    """
    states = model.embed(batches, parts.folder, budget)
    for index, block in model.blocks():
        if parts.path(index).is_file():
            restore(model, index, load_file(parts.path(index)))
            if not model.is_last(index):
                model.advance(index, block, states)
            continue
        found = PrunedBlock()
        stage = partial(prune_stage, model, procedure, index, found)
        assert procedure.within_block, "a statistic is gathered one way or the other"
        place = procedure.method.Statistic, index, block, states
        procedure.within_block.prune_block(model, *place, stage)
        yield index, found


def finished(arrived: Callable[[], dict[str, torch.Tensor]], unrouted: list[str]) -> Kept:
    """A block's tensors once they are on the CPU, and what the record says of them."""
    stored = arrived()
    said = artifact.described(stored)
    return stored, said | ({"unrouted": json.dumps(unrouted)} if unrouted else {})


def prune_stage(
    model: StreamedModel,
    procedure: Procedure,
    index: int,
    found: PrunedBlock,
    sharing: tuple[str, ...],
    statistic: object,
) -> None:
    """Prune matrices that read the same inputs, in the block, and encode them in `found`.

    Raises ValueError or ArithmeticError, which names the matrix, if one cannot be pruned.
    """
    # A method that rewrites weights shares its work between them. The others take one at a time, so
    # that there is one copy at a time.
    rewrites = procedure.method.REWRITES
    if statistic is None:
        log.warning("block %d, %s: no token came: magnitude decides", index, ", ".join(sharing))
        found.unrouted += sharing
    for names in [sharing] if rewrites else [(name,) for name in sharing]:
        weights = {name: model.weight(index, name) for name in names}
        for name, pruned, encoded in prune_matrices(
            procedure, model.checkpoint, index, weights, statistic
        ):
            # The next block must see what the artifact stores.
            model.put(index, name, pruned)
            if (bias := encoded.get(f"{name}.bias")) is not None:
                model.put_bias(index, name, bias)
            found.stored.update(encoded)


def prune_matrices(
    procedure: Procedure,
    checkpoint: Checkpoint,
    index: int,
    weights: dict[str, torch.Tensor],
    statistic: object,
) -> Iterator[tuple[str, torch.Tensor, dict[str, torch.Tensor]]]:
    """Prune matrices of a block that read the same inputs.

    Args:
        procedure: how.
        checkpoint: that of the dense model.
        index: of the block.
        weights: matrix → [rows, columns], in any dtype.
        statistic: of the inputs. None for a method that has none, and for matrices of an expert
            that no token reached, which lose their smallest weights.

    Returns:
        Matrix, weights in the dtype of the stored ones, and their stored form with keys
        {matrix}.{part}.

    Raises:
        ValueError, ArithmeticError: a matrix cannot be pruned; the message names it.
    """
    copies = [weight.float() for weight in weights.values()]
    ratios = [procedure.ratios[index, name] for name in weights]
    moves_biases = hasattr(procedure.method, "bias")
    unrouted = statistic is None and procedure.method.Statistic is not None
    prune = smallest_magnitudes if unrouted else procedure.method.prune
    try:
        updated, masks = prune(copies, statistic, ratios, procedure.group_size)
    except (ValueError, ArithmeticError) as error:
        raise type(error)(f"block {index}, {', '.join(weights)}: {error}") from error
    del copies
    for name, weight, removed in zip(weights, updated, masks, strict=True):
        dtype = checkpoint.matrix_dtype(index, name)
        pruned = weight.to(dtype).masked_fill(removed, 0.0).contiguous()
        encoded = artifact.encode(removed, pruned if procedure.method.REWRITES else None)
        own = checkpoint.bias(index, name) if moves_biases and not unrouted else None
        if own is not None:
            more = procedure.method.bias(weights[name], pruned, statistic)
            encoded["bias"] = (own.to(more) + more).to(dtype)
        yield name, pruned, {f"{name}.{part}": tensor for part, tensor in encoded.items()}


def restore(model: StreamedModel, index: int, stored: dict[str, torch.Tensor]) -> None:
    """Put the pruned weights of an earlier run, and its biases, into a dense block."""
    for name, matrix in artifact.matrices_in(stored).items():
        model.put(index, name, artifact.decode(model.weight(index, name), matrix))
        if "bias" in matrix:
            model.put_bias(index, name, matrix["bias"])
