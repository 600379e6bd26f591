"""Where the canonical projections of a block are in a model (standard library only).

Each family is a module below `models/families`, which the `model_type` of config.json chooses. So
results for one family do not depend on the code of another.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
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
EXPERTS = ("num_local_experts", "num_experts", "n_routed_experts", "moe_num_experts")


@dataclass(frozen=True)
class WeightSlice:
    """A projection's rows: from `start` to `stop` in each of `groups` equal parts of a weight.

    A projection with a module of its own has all rows; a fused one shares its module.
    """

    module: str
    groups: int = 1
    start: int = 0
    stop: int | None = None

    def view(self, weight: torch.Tensor) -> torch.Tensor:
        """The projection as a view of its module's weight, [groups, rows, columns]."""
        return weight.unflatten(0, (self.groups, -1))[:, self.start : self.stop]

    def read(self, weight: torch.Tensor) -> torch.Tensor:
        """The projection, [rows, columns], of its module's weight; a view if rows are adjacent."""
        return self.view(weight).flatten(0, 1)

    def write(self, weight: torch.Tensor, values: torch.Tensor) -> None:
        """Write new values, [rows, columns], of the projection into its module's weight."""
        self.view(weight).copy_(values.unflatten(0, (self.groups, -1)))

    def shape(self, whole: tuple[int, ...]) -> tuple[int, int]:
        """The projection's [rows, columns] in a weight of shape `whole`."""
        rows, columns = whole
        return self.groups * len(range(rows // self.groups)[self.start : self.stop]), columns


@dataclass(frozen=True)
class Family:
    """What a module of `models/families` says about its models, as FAMILY.

    Attributes:
        blocks: the prefix of the names of the blocks' tensors, before the number of the block.
        slices: the settings of config.json → projection → where its weights are in a block.
    """

    blocks: str
    slices: Callable[[dict[str, Any]], dict[str, WeightSlice]]


def family_of(config: dict[str, Any]) -> Family:
    """The family of a config.json.

    Raises ValueError if the family is not supported, or if the model is a mixture of experts.
    """
    name = config.get("model_type")
    if any(config.get(key) for key in EXPERTS):
        raise ValueError(f"config.json: model_type {name!r} is a mixture of experts: not supported")
    known = sorted(module.name for module in pkgutil.iter_modules(families.__path__))
    if name not in known:
        raise ValueError(f"config.json: model_type {name!r} is not one of {', '.join(known)}")
    return importlib.import_module(f"heavytail.models.families.{name}").FAMILY


def slices_of(config: dict[str, Any]) -> dict[str, WeightSlice]:
    """Canonical projection → where its weights are in a block, in canonical order.

    Raises ValueError for a family that is not supported and for a config.json that lacks a size.
    """
    try:
        return family_of(config).slices(config)
    except KeyError as error:
        raise ValueError(f"config.json: {error.args[0]}: missing") from error


def stages(slices: dict[str, WeightSlice]) -> list[tuple[str, ...]]:
    """The projections of a family, grouped by the activations that they read."""
    found = (tuple(name for name in sharing if name in slices) for sharing in SHARED_INPUTS)
    return [sharing for sharing in found if sharing]
