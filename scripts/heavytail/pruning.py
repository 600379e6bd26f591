"""Prune a model: the same loop for every method."""

import logging
from collections.abc import Iterator
from types import ModuleType

import torch
from torch import nn

from heavytail import artifact
from heavytail.families import SHARED_INPUTS
from heavytail.streaming import Activations, StreamedModel

log = logging.getLogger(__name__)


def prune_model(
    model: StreamedModel,
    method: ModuleType,
    sparsity: dict[tuple[int, str], float],
    batches: Iterator[torch.Tensor],
) -> tuple[dict[str, torch.Tensor], dict[tuple[int, str], int]]:
    """Prune every projection of every block.

    Statistics of a block come from its unpruned weights; its pruned weights then produce the next
    block's inputs, as published for Wanda and SparseGPT.

    Args:
        model: the dense model.
        method: a module of heavytail.methods.
        sparsity: (block, projection) → ratio in [0, 1].
        batches: calibration token ids, int64 [batch, length]; not read when the method needs none.

    Returns:
        The artifact's tensors, and (block, projection) → number of removed weights.

    Raises:
        ValueError, ArithmeticError: a matrix cannot be pruned (block and projection are named).
    """
    tensors: dict[str, torch.Tensor] = {}
    removed: dict[tuple[int, str], int] = {}

    def visit(index: int, block: nn.Module, activations: list[Activations]) -> None:
        statistics = input_statistics(model, method, block, activations)
        for projection, path in model.modules.items():
            module = block.get_submodule(path)
            try:
                pruned, mask = method.prune(
                    module.weight.float(), statistics.get(projection), sparsity[index, projection]
                )
            except (ValueError, ArithmeticError) as error:
                raise type(error)(f"block {index}, {projection}: {error}") from error
            # What the artifact stores is what the next block must see.
            stored = pruned.to(model.stored_dtype)
            module.weight.data = stored.to(model.dtype)
            encoded = artifact.encode(mask, stored if method.REWRITES else None)
            tensors.update({f"{index}.{projection}.{part}": t for part, t in encoded.items()})
            removed[index, projection] = int(mask.sum())
        log.info(
            "block %d: %d weights removed", index, sum(removed[index, p] for p in model.modules)
        )

    model.run(model.embed(batches) if method.Statistic else [], visit)
    return tensors, removed


def input_statistics(
    model: StreamedModel, method: ModuleType, block: nn.Module, activations: list[Activations]
) -> dict:
    """Projection → statistic of its inputs; projections that read the same share one.

    Args:
        model: whose block it is.
        method: anything with a Statistic(columns, device) that has add(inputs [..., columns]).
        block: on the device.
        activations: the block's inputs, which stay as they are.
    """
    if method.Statistic is None:
        return {}
    statistics, hooks = {}, []
    for sharing in SHARED_INPUTS:
        module = block.get_submodule(model.modules[sharing[0]])
        statistic = method.Statistic(module.in_features, model.device)
        statistics |= dict.fromkeys(sharing, statistic)
        hooks.append(
            module.register_forward_pre_hook(
                lambda _module, inputs, statistic=statistic: statistic.add(inputs[0])
            )
        )
    for batch in activations:
        block(batch.hidden, *batch.arguments, **batch.keywords)
    for hook in hooks:
        hook.remove()
    return statistics
