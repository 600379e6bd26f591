"""Where the projections of a block are, found from the architecture that transformers has.

The model is made without weights, and a few tokens without values go through it. Each linear layer
gets its role by its name; which layers read the same input, and in which order, the pass shows. A
model of which anything stays unclear is refused by name: better no number than a wrong one.

In a mixture, routers stay as they are, and experts that see every token are called `shared`. Where
queries, keys and values come from few numbers (DeepSeek), each has the matrix that makes these
(`q_proj.a`, `k_proj.kv_a`) and the one that they are made with (`q_proj.b`, `k_proj.kv_b`,
`v_proj.kv_b`).
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from itertools import pairwise
from typing import Any

import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode
from transformers import CONFIG_MAPPING, PreTrainedConfig, PreTrainedModel
from transformers.initialization import no_init_weights

from heavytail.models.architecture import model_class
from heavytail.models.experts import are_experts, expert_slices
from heavytail.models.head import decoder_of, logits_of
from heavytail.models.layout import Family, WeightSlice, stages
from heavytail.models.roles import LOW_RANK, role_of
from heavytail.projections import ATTENTION, MLP, PROJECTIONS, name_of, projection_of

TOKENS = 4
# Types whose decoder is causal by itself, but not in the model: the tokens of a prompt see all
# others.
SEES_AHEAD = ("paligemma",)


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
            chosen, inner = model_class(settings), settings.get_text_config()
            if type(settings) not in (chosen._model_mapping or ()):
                raise UnclearError("transformers has no language model of it")
            if kind in SEES_AHEAD:
                raise UnclearError("the tokens of a prompt see those that follow")
            with no_init_weights():
                model = chosen.from_config(settings).eval()
            return _found(model, config, settings) if inner is settings else _inside(model, inner)
    except UnclearError as error:
        raise ValueError(f"config.json: model_type {kind!r}: {error}: not supported") from error
    # Whatever a model's own code makes of settings, or of a pass without values.
    except Exception as error:
        reason = f"{type(error).__name__}: {' '.join(str(error).split())}"
        raise ValueError(
            f"config.json: model_type {kind!r}: transformers cannot make or run it ({reason})"
        ) from error


def _inside(model: PreTrainedModel, text: PreTrainedConfig) -> Family:
    """The family of a model of more than text: that of its text decoder. Raises UnclearError."""
    decoder, settings = model.get_decoder(), text.to_dict()
    name = next(name for name, module in model.named_modules() if module is decoder)
    if not name:
        raise UnclearError("found no text decoder in a model of more than text")
    if model.config.is_encoder_decoder or text.is_encoder_decoder:
        raise UnclearError("its decoder reads what an encoder makes of images or sounds")
    found = _found(decoder, settings, text)
    blocks = f"{name}.{found.blocks}"
    # What stands around the decoder has to do without images.
    hidden = torch.empty(1, TOKENS, decoder.get_input_embeddings().embedding_dim)
    if logits_of(model, decoder_of(model, blocks), hidden) is None:
        raise UnclearError("its text decoder alone gives no logits")
    return replace(found, blocks=blocks, text=settings)


def _found(model: PreTrainedModel, config: dict[str, Any], settings: PreTrainedConfig) -> Family:
    """The family of a model of text with these settings. Raises UnclearError."""
    if getattr(settings, "is_decoder", True) is False:
        raise UnclearError("is_decoder is false, so that tokens see those that follow")
    prefix, blocks = _blocks(model)
    depth = _key(settings, config, "decoder_layers", "num_hidden_layers")
    if config.get(depth) != len(blocks):
        raise UnclearError(f"found {len(blocks)} blocks {prefix}, expected {config.get(depth)}")
    for block in blocks:
        _check_layers(block)
    reads, output = _pass(model, blocks)
    slices = [_slices(*one) for one in zip(blocks, reads, strict=True)]
    for number, other in enumerate(slices):
        if _outline(other) != _outline(slices[0]):
            raise UnclearError(f"block {number} is not as block 0")
        _check_order(other, reads[number])
    alike = all(other == slices[0] for other in slices)
    return Family(
        prefix,
        lambda _config: slices[0],
        depth,
        _key(settings, config, "decoder_attention_heads", "num_attention_heads"),
        isinstance(output, tuple),
        () if alike else tuple(slices),
    )


def _outline(slices: dict[str, WeightSlice]) -> tuple[object, ...]:
    """What all blocks must share: attention, and the projections of the MLP or of its experts."""
    attention = {name: part for name, part in slices.items() if projection_of(name) in ATTENTION}
    return attention, {projection_of(name) for name in slices}


def _key(settings: PreTrainedConfig, config: dict[str, Any], of_decoder: str, common: str) -> str:
    """What config.json calls a size of the decoder, which may have one of its own."""
    known = type(settings).attribute_map.get(common, common)
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
    mixtures = _mixtures(block)
    for name, module in _weighted(block):
        deep = any(part.ndim > 2 for part in module.parameters(recurse=False))
        if deep and not isinstance(module, nn.Conv1d) and name not in mixtures:
            raise UnclearError(f"{name}: it has weights of more than two dimensions")
    for name, module in _weighted(block):
        if name in mixtures or _routes(name, module, mixtures):
            continue
        if not isinstance(module, nn.Linear) or role_of(name) is None:
            raise UnclearError(f"{name} ({type(module).__name__}) has no clear role")


def _mixtures(block: nn.Module) -> dict[str, nn.Module]:
    """The modules of a block that have experts."""
    return {name: module for name, module in block.named_modules() if are_experts(module)}


def _routes(name: str, module: nn.Module, mixtures: dict[str, nn.Module]) -> bool:
    """Whether a module weighs experts: a number for each of a mixture beside it, or for one."""
    counts = {
        len(next(experts.parameters()))
        for other, experts in mixtures.items()
        if name.startswith(f"{other.rpartition('.')[0]}.")
    }
    own = [part for part in module.parameters(recurse=False) if part.ndim > 1]
    gates = any(word in name.rpartition("mlp.")[2] for word in ("gate", "router"))
    return bool(counts) and gates and role_of(name) is None and own[0].shape[0] in {1, *counts}


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
        if isinstance(module, nn.Linear) or are_experts(module)
    ]
    for block in blocks:
        for module in _mixtures(block).values():
            # Which tokens reach an expert depends on values, and there are none.
            module.forward = lambda hidden, *_others, **_keywords: torch.empty_like(hidden)
    hooks.append(blocks[-1].register_forward_hook(lambda _module, _inputs, out: given.append(out)))
    with torch.no_grad():
        model(input_ids=torch.zeros(1, TOKENS, dtype=torch.long), use_cache=False)
    for hook in hooks:
        hook.remove()
    return reads, given[0] if given else None


def _slices(block: nn.Module, reads: list[tuple[str, object]]) -> dict[str, WeightSlice]:
    """Matrix → the linear layer or the experts that have its weights, of one block.

    Linear layers that no token goes through, those for another model's outputs, stay as they are.
    """
    run, mixtures = [name for name, _ in reads], _mixtures(block)
    found: dict[str, WeightSlice] = {}
    for name, module in _weighted(block):
        if name not in run or _routes(name, module, mixtures):
            continue
        own = expert_slices(name, module) if name in mixtures else _linear_slices(name, block)
        if not own or own.keys() & found.keys() or run.count(name) > 1:
            raise UnclearError(f"{name} ({type(module).__name__}) has no clear role")
        found |= own
    projections = {projection_of(name) for name in found}
    missing = [name for name in PROJECTIONS if name not in projections and name != "gate_proj"]
    if missing:
        raise UnclearError(f"found no {missing[0]}")
    return _in_turn(found, run)


def _linear_slices(name: str, block: nn.Module) -> dict[str, WeightSlice]:
    """Matrix → where it is in the linear layer of this name; nothing if its role is not clear."""
    outer, _, last = name.rpartition(".")
    role = role_of(name)
    if last == "kv_b_proj" and role:
        # The rows of a head are those of its keys, then those of its values.
        attention: Any = block.get_submodule(outer)
        heads, keys = attention.num_heads, attention.qk_nope_head_dim
        ends = (0, keys), (keys, keys + attention.v_head_dim)
        slices = (WeightSlice(name, heads, *rows) for rows in ends)
        return dict(zip(LOW_RANK[last], slices, strict=True))
    if last in LOW_RANK and role:
        return {LOW_RANK[last][0]: WeightSlice(name)}
    if role in MLP and "shared" in name and _mixtures(block):
        return {name_of(role, "shared"): WeightSlice(name)}
    return {role: WeightSlice(name)} if role else {}


def _in_turn(found: dict[str, WeightSlice], run: list[str]) -> dict[str, WeightSlice]:
    """The matrices of a block in canonical order: attention, then each part of the MLP in turn."""
    turns: dict[tuple[bool, str], int] = {}
    for name, part in found.items():
        attends, own = projection_of(name) in ATTENTION, name.partition(".")[2]
        turn = turns.get((attends, own), len(run))
        turns[attends, own] = min(turn, run.index(part.module))

    def place(name: str) -> tuple[bool, bool, int, int, int]:
        projection, _, own = name.partition(".")
        attends, number = projection in ATTENTION, int(own) if own.isdecimal() else 0
        turn = turns[attends, own]
        return not attends, projection == "o_proj", turn, number, PROJECTIONS.index(projection)

    return {name: found[name] for name in sorted(found, key=place)}


def _check_order(slices: dict[str, WeightSlice], reads: list[tuple[str, object]]) -> None:
    """Raise UnclearError unless projections share the inputs that they should, in their turns."""
    order, inputs = [name for name, _ in reads], dict(reads)
    modules = [[slices[name].module for name in stage] for stage in stages(slices)]
    for stage in modules:
        if any(inputs[name] is not inputs[stage[0]] for name in stage):
            raise UnclearError(f"{', '.join(stage)} do not read the same input")
    turns = [[order.index(name) for name in stage] for stage in modules]
    if any(max(one) > min(two) for one, two in pairwise(turns)):
        raise UnclearError(f"the linear layers of a block run as {', '.join(order)}")
