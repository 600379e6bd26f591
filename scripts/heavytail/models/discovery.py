"""Where the projections of a block are, found from the architecture that transformers has.

The model is made without weights, and a few tokens without values go through it. Each linear layer
gets its role by its name; which layers read the same input, and in which order, the pass shows. A
model of which anything stays unclear is refused by name: better no number than a wrong one.
"""

import json
from collections.abc import Callable, Iterator
from functools import cache
from itertools import pairwise
from typing import Any

import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode
from transformers import CONFIG_MAPPING, AutoModelForCausalLM, PreTrainedModel

from heavytail.models.layout import SHARED_INPUTS, Family, WeightSlice
from heavytail.projections import PROJECTIONS

TOKENS = 4
# What the layers of attention, and those of the MLP, are called.
NAMES = {
    "q_proj": ("q_proj", "query", "q_lin"),
    "k_proj": ("k_proj", "key", "k_lin"),
    "v_proj": ("v_proj", "value", "v_lin"),
    "o_proj": ("o_proj", "out_proj", "dense", "out_lin", "Wo"),
}
MLP_NAMES = {
    "gate_proj": ("gate_proj", "w1"),
    "up_proj": ("up_proj", "fc1", "c_fc", "fc_in", "intermediate.dense", "w3"),
    "down_proj": ("down_proj", "fc2", "c_proj", "fc_out", "output.dense", "w2"),
}


class UnclearError(ValueError):
    """What a model has that no projection can be found in, or that would be pruned wrongly."""


def family(config: dict[str, Any]) -> Family:
    """The family of a config.json of which there is no module.

    Raises ValueError, which names what is unclear, if the model cannot be pruned.
    """
    return _family(json.dumps(config, sort_keys=True))


@cache
def _family(text: str) -> Family:
    config = json.loads(text)
    kind = config["model_type"]
    if kind not in CONFIG_MAPPING:
        raise ValueError(f"config.json: model_type {kind!r}: transformers does not know it")
    try:
        with FakeTensorMode():
            settings = CONFIG_MAPPING[kind].from_dict(config)
            if settings.get_text_config() is not settings:
                raise UnclearError("its blocks are a part of a model of more than text")
            return _found(AutoModelForCausalLM.from_config(settings).eval(), config)
    except UnclearError as error:
        raise ValueError(f"config.json: model_type {kind!r}: {error}: not supported") from error
    # Whatever a model's own code makes of settings, or of a pass without values.
    except Exception as error:
        reason = f"{type(error).__name__}: {' '.join(str(error).split())}"
        raise ValueError(
            f"config.json: model_type {kind!r}: transformers cannot make or run it ({reason})"
        ) from error


def _found(model: PreTrainedModel, config: dict[str, Any]) -> Family:
    """The family of a model with this config.json. Raises UnclearError."""
    if getattr(model.config, "is_decoder", True) is False:
        raise UnclearError("is_decoder is false, so that tokens see those that follow")
    prefix, blocks = _blocks(model)
    depth = _key(model, config, "decoder_layers", "num_hidden_layers")
    if config.get(depth) != len(blocks):
        raise UnclearError(f"found {len(blocks)} blocks {prefix}, expected {config.get(depth)}")
    for block in blocks:
        _check_layers(block)
    reads, output = _pass(model, blocks)
    slices = [_slices(*one) for one in zip(blocks, reads, strict=True)]
    for number, other in enumerate(slices):
        if other != slices[0]:
            raise UnclearError(f"block {number} is not as block 0")
    _check_order(slices[0], reads[0])
    return Family(
        prefix,
        lambda _config: slices[0],
        depth,
        _key(model, config, "decoder_attention_heads", "num_attention_heads"),
        isinstance(output, tuple),
    )


def _key(model: PreTrainedModel, config: dict[str, Any], of_decoder: str, common: str) -> str:
    """What config.json calls a size of the decoder, which may have one of its own."""
    known = type(model.config).attribute_map.get(common, common)
    return of_decoder if of_decoder in config else known


def _blocks(model: PreTrainedModel) -> tuple[str, list[nn.Module]]:
    """The name of the one list of blocks that have matrices, and the blocks."""
    lists = {
        name: list(module)
        for name, module in model.named_modules()
        if isinstance(module, nn.ModuleList) and any(True for _ in _weighted(module))
    }
    outer = [name for name in lists if not any(name.startswith(f"{other}.") for other in lists)]
    if len(outer) != 1:
        names = ", ".join(outer) or "none"
        raise UnclearError(f"found the lists of blocks {names}, expected one")
    return outer[0], lists[outer[0]]


def _weighted(block: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """The modules of a block that have a matrix, or anything with more dimensions."""
    for name, module in block.named_modules():
        if any(parameter.ndim > 1 for parameter in module.parameters(recurse=False)):
            yield name, module


def _check_layers(block: nn.Module) -> None:
    """Raise UnclearError if a block has weights of which nobody knows what they do."""
    for name, module in _weighted(block):
        convolves = isinstance(module, nn.Conv1d)
        if not convolves and any(part.ndim > 2 for part in module.parameters(recurse=False)):
            raise UnclearError(f"{name}: it is a mixture of experts")
    for name, module in _weighted(block):
        if not isinstance(module, nn.Linear) or _role(name) is None:
            raise UnclearError(f"{name} ({type(module).__name__}) has no clear role")


def _pass(
    model: PreTrainedModel, blocks: list[nn.Module]
) -> tuple[list[list[tuple[str, object]]], object]:
    """What each linear layer of each block reads, in their turns, and what the last block gives.

    A few tokens without values go through the model.
    """
    reads: list[list[tuple[str, object]]] = [[] for _ in blocks]
    given: list[object] = []

    def see(block: int, name: str) -> Callable[[nn.Module, tuple[object, ...]], None]:
        return lambda _module, inputs: reads[block].append((name, inputs[0]))

    hooks = [
        module.register_forward_pre_hook(see(number, name))
        for number, block in enumerate(blocks)
        for name, module in block.named_modules()
        if isinstance(module, nn.Linear)
    ]
    hooks.append(blocks[-1].register_forward_hook(lambda _module, _inputs, out: given.append(out)))
    with torch.no_grad():
        model(input_ids=torch.zeros(1, TOKENS, dtype=torch.long), use_cache=False)
    for hook in hooks:
        hook.remove()
    return reads, given[0] if given else None


def _slices(block: nn.Module, reads: list[tuple[str, object]]) -> dict[str, WeightSlice]:
    """Projection → the linear layer that has its weights, of one block.

    Linear layers that no token goes through, those for another model's outputs, stay as they are.
    """
    run = [name for name, _ in reads]
    found: dict[str, WeightSlice] = {}
    for name, module in _weighted(block):
        if name not in run:
            continue
        role = _role(name)
        if role is None or role in found or run.count(name) > 1:
            raise UnclearError(f"{name} ({type(module).__name__}) has no clear role")
        found[role] = WeightSlice(name)
    missing = [name for name in PROJECTIONS if name not in found and name != "gate_proj"]
    if missing:
        raise UnclearError(f"found no {missing[0]}")
    return {name: found[name] for name in PROJECTIONS if name in found}


def _role(name: str) -> str | None:
    """The projection of a linear layer with this name in its block."""
    *outer, last = name.split(".")
    attends = any("att" in part for part in outer)
    pair = ".".join([*outer[-1:], last])
    for role, names in (NAMES if attends else MLP_NAMES).items():
        if last in names or pair in names:
            return role
    return None


def _check_order(slices: dict[str, WeightSlice], reads: list[tuple[str, object]]) -> None:
    """Raise UnclearError unless projections share the inputs that they should, in their turns."""
    order, inputs = [name for name, _ in reads], dict(reads)
    stages = [[slices[p].module for p in stage if p in slices] for stage in SHARED_INPUTS]
    for stage in stages:
        if any(inputs[name] is not inputs[stage[0]] for name in stage):
            raise UnclearError(f"{', '.join(stage)} do not read the same input")
    turns = [[order.index(name) for name in stage] for stage in stages]
    if any(max(one) > min(two) for one, two in pairwise(turns)):
        raise UnclearError(f"the linear layers of a block run as {', '.join(order)}")
