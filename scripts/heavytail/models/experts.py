"""Mixtures of experts: where the matrices of each are, and what the tokens routed to it give them.

transformers keeps the weights of all experts in two parameters, `gate_up_proj` (without a gate
`up_proj`) and `down_proj`, [experts, …], of one module, and says in its attributes how they lie.
"""

from collections.abc import Iterator
from typing import Any

import torch
from torch import nn

from heavytail.models.hidden_states import HiddenStates
from heavytail.models.layout import WeightSlice
from heavytail.projections import name_of

GATED, UP, DOWN = "gate_up_proj", "up_proj", "down_proj"


def are_experts(module: nn.Module) -> bool:
    """Whether a module has experts as transformers' own functions for mixtures compute them."""
    known = {GATED if getattr(module, "has_gate", None) else UP, DOWN}
    deep = {name for name, part in module.named_parameters(recurse=False) if part.ndim > 2}
    return hasattr(module, "is_transposed") and deep == known


def expert_slices(name: str, module: Any) -> dict[str, WeightSlice]:
    """Matrix → where its weights are, expert by expert.

    Args:
        name: of the module in its block.
        module: one of which `are_experts` holds.
    """
    experts, *sides = module.down_proj.shape
    width, inner = reversed(sides) if module.is_transposed else sides
    if not module.has_gate:
        parts = {"up_proj": (UP, 1, 0, inner)}
    elif module.is_concatenated:
        parts = {"gate_proj": (GATED, 1, 0, inner), "up_proj": (GATED, 1, inner, 2 * inner)}
    else:
        parts = {"gate_proj": (GATED, inner, 0, 1), "up_proj": (GATED, inner, 1, 2)}
    parts["down_proj"] = (DOWN, 1, 0, width)
    return {
        name_of(projection, expert): WeightSlice(
            name, groups, start, stop, module.is_transposed, parameter, expert
        )
        for expert in range(experts)
        for projection, (parameter, groups, start, stop) in parts.items()
    }


class Routed:
    """What a module of experts was given, batch by batch: tokens, and the experts of each."""

    def __init__(self, module: nn.Module, tokens: HiddenStates):
        """Start with no tokens; they are kept in `tokens`."""
        self._module: Any = module
        self._tokens, self._chosen = tokens, list[torch.Tensor]()

    def add(self, hidden: torch.Tensor, *others: Any) -> None:
        """Take in a batch: what the module's `forward` takes, the experts' numbers among it."""
        (chosen,) = (one for one in others if one is not None and not one.is_floating_point())
        # A copy: the block goes on with these numbers.
        self._tokens.append(hidden.flatten(0, -2).clone())
        self._chosen.append(chosen.flatten(0, -2))

    def inputs_of(self, part: WeightSlice) -> Iterator[torch.Tensor]:
        """What a matrix of an expert reads, [tokens, columns] of each batch with tokens for it."""
        for hidden, chosen in zip(self._tokens, self._chosen, strict=True):
            rows = hidden[chosen.eq(part.expert or 0).any(dim=-1)]
            if len(rows):
                yield self._between(part.expert, rows) if part.parameter == DOWN else rows

    def _between(self, expert: int | None, rows: torch.Tensor) -> torch.Tensor:
        """What the down projection of an expert reads of the tokens that reach the expert."""
        name = GATED if self._module.has_gate else UP
        weight = getattr(self._module, name)[expert]
        product = (
            rows @ weight if self._module.is_transposed else nn.functional.linear(rows, weight)
        )
        if self._module.has_bias:
            product = product + getattr(self._module, f"{name}_bias")[expert]
        if self._module.has_gate:
            return self._module._apply_gate(product)
        return self._module.act_fn(product)
