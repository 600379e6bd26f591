"""Where the canonical projections of a block are in a model (standard library only).

Each family is a module below `models/families`, which the `model_type` of config.json chooses. So
results for one family do not depend on the code of another.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING, Any

from heavytail.models import families

if TYPE_CHECKING:
    import torch

# Projections that read the same activations and so share one statistic, in forward order.
SHARED_INPUTS = (
    ("q_proj", "k_proj", "v_proj"),
    ("o_proj",),
    ("gate_proj", "up_proj"),
    ("down_proj",),
)


@dataclass(frozen=True)
class WeightSlice:
    """A projection's rows: from `start` to `stop` in each of `groups` equal parts of a weight.

    A projection with a module of its own has all rows; a fused one shares its module. A
    `transposed` weight is [columns, rows]. Where the weights of all experts are one `parameter`,
    [experts, rows, columns], the slice is of one `expert`.
    """

    module: str
    groups: int = 1
    start: int = 0
    stop: int | None = None
    transposed: bool = False
    parameter: str = "weight"
    expert: int | None = None

    @property
    def tensor(self) -> str:
        """The name of the weight."""
        return f"{self.module}.{self.parameter}"

    def view(self, weight: torch.Tensor) -> torch.Tensor:
        """The projection as a view of its module's weight, [groups, rows, columns]."""
        own = weight if self.expert is None else weight[self.expert]
        rows = own.T if self.transposed else own
        return rows.unflatten(0, (self.groups, -1))[:, self.start : self.stop]

    def outputs(self, bias: torch.Tensor) -> torch.Tensor:
        """What the projection has of its module's bias, a view [groups, rows]."""
        return bias.unflatten(0, (self.groups, -1))[:, self.start : self.stop]

    def is_whole(self, shape: tuple[int, ...]) -> bool:
        """Whether a weight of this shape is the projection, as it stands."""
        return not self.transposed and self.groups == 1 and self.shape(shape) == tuple(shape)

    def read(self, weight: torch.Tensor) -> torch.Tensor:
        """The projection, [rows, columns], of its module's weight; a view if rows are adjacent."""
        return self.view(weight).flatten(0, 1)

    def write(self, weight: torch.Tensor, values: torch.Tensor) -> None:
        """Write new values, [rows, columns], of the projection into its module's weight."""
        self.view(weight).copy_(values.unflatten(0, (self.groups, -1)))

    def shape(self, whole: tuple[int, ...]) -> tuple[int, int]:
        """The projection's [rows, columns] in a weight of shape `whole`."""
        own = whole if self.expert is None else whole[1:]
        rows, columns = own[::-1] if self.transposed else own
        return self.groups * len(range(rows // self.groups)[self.start : self.stop]), columns


@dataclass(frozen=True)
class Family:
    """What a module of `models/families` says about its models, as FAMILY.

    Attributes:
        blocks: the prefix of the names of the blocks' tensors, before the number of the block.
        slices: the settings of config.json → matrix → where its weights are in a block.
        by_block: the same of each block, if they differ.
        depth, heads: what config.json calls the number of blocks, and that of query heads.
        tuples: whether a block returns a tuple, of which the hidden states are the first.
        text: the settings of the text decoder, if config.json has them in a part of its own.
    """

    blocks: str
    slices: Callable[[dict[str, Any]], dict[str, WeightSlice]]
    depth: str = "num_hidden_layers"
    heads: str = "num_attention_heads"
    tuples: bool = False
    by_block: tuple[dict[str, WeightSlice], ...] = ()
    text: dict[str, Any] = field(default_factory=dict)

    def settings(self, config: dict[str, Any]) -> dict[str, Any]:
        """The settings of what has the blocks, of all those of config.json."""
        return self.text or config


def has_module(config: dict[str, Any]) -> bool:
    """Whether a module of `models/families` says the layout of a config.json."""
    own = {module.name for module in pkgutil.iter_modules(families.__path__)}
    return config.get("model_type") in own


def family_of(config: dict[str, Any]) -> Family:
    """The family of a config.json: that of its module, else what transformers' model shows.

    Raises ValueError if the model cannot be pruned.
    """
    if has_module(config):
        name = config["model_type"]
        return importlib.import_module(f"heavytail.models.families.{name}").FAMILY
    return importlib.import_module("heavytail.models.discovery").family(config)


def slices_of(config: dict[str, Any], family: Family | None = None) -> list[dict[str, WeightSlice]]:
    """Of each block: matrix → where its weights are, in the order in which they are used.

    Raises ValueError for a family that is not supported and for a config.json that lacks a size.
    """
    try:
        family = family or family_of(config)
        settings = family.settings(config)
        return [*family.by_block] or [family.slices(settings)] * settings[family.depth]
    except KeyError as error:
        raise ValueError(f"config.json: {error.args[0]}: missing") from error


def stages(slices: dict[str, WeightSlice]) -> list[tuple[str, ...]]:
    """The matrices of a block, grouped by the activations that they read, in forward order."""

    def reads(name: str) -> tuple[str, int]:
        projection, _, expert = name.partition(".")
        return expert, next(n for n, own in enumerate(SHARED_INPUTS) if projection in own)

    return [tuple(names) for _, names in groupby(slices, reads)]
