"""The pruning methods, a row each (standard library only: parse time).

A row's name is a module of heavytail.pruning.methods. No job imports this table: a job receives
what it needs of a row as a param of its rule. A new row therefore makes nothing stale.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

# The ways through a block: modules of heavytail.pruning.within_block, the published one first.
WITHIN_BLOCK = ("exact", "sequential")
# What may be done after a method to its mask and to the weights that stay: modules of
# heavytail.pruning.after, or nothing.
NONE = "none"
STEPS = {"refine": (NONE, "swaps"), "update": (NONE, "refit")}


@dataclass(frozen=True)
class Method:
    """What the workflow must know of a method before a job runs it."""

    calibrated: bool  # it reads calibration text: the module's Statistic is not None
    epsilon: float  # AlphaPruning's of LLaMA-7B, for a spectral allocation that gives none
    patterns: bool = True  # it can prune N:M
    compensates: bool = False  # it changes the weights that stay: the module's REWRITES
    modifier: str | None = None  # llm-compressor's, named in the recipe of an exported cell


METHODS = {
    "magnitude": Method(calibrated=False, epsilon=0.3, modifier="MagnitudePruningModifier"),
    "wanda": Method(calibrated=True, epsilon=0.2, modifier="WandaPruningModifier"),
    # llm-compressor has no such method; this modifier is the nearest.
    "wanda_variant": Method(
        calibrated=True, epsilon=0.2, patterns=False, modifier="WandaPruningModifier"
    ),
    "sparsegpt": Method(
        calibrated=True, epsilon=0.2, compensates=True, modifier="SparseGPTModifier"
    ),
    # The authors of these two publish no epsilon: Wanda's.
    "ria": Method(calibrated=True, epsilon=0.2),
    "stade": Method(calibrated=True, epsilon=0.2),
    # These two take SparseGPT's.
    "rose": Method(calibrated=True, epsilon=0.2, compensates=True),
    "alps": Method(calibrated=True, epsilon=0.2, compensates=True),
}


class Variant(NamedTuple):
    """A method, and how it is run: what a {method} of paths and tables stands for."""

    method: str
    within_block: str | None  # None if neither the method nor a step reads calibration text
    refine: str | None = None
    update: str | None = None


def labels(
    methods: list[str],
    within_block: list[str],
    refine: Sequence[str] = (NONE,),
    update: Sequence[str] = (NONE,),
) -> dict[str, Variant]:
    """The name that paths and tables give to a method → what it stands for.

    The name is the method's own for the published way without steps, and such as wanda-sequential
    or wanda-swaps-refit for others. A method that reads no calibration text has no way through a
    block, unless a step reads some. A method that compensates for its mask is not refined without
    a refit, which compensates anew.
    """
    found = {}
    for method, *steps in product(methods, refine, update):
        after = [None if step == NONE else step for step in steps]
        if after[0] and not after[1] and METHODS[method].compensates:
            continue
        for way in within_block if METHODS[method].calibrated or any(after) else [None]:
            named = [way] if way not in (None, WITHIN_BLOCK[0]) else []
            name = "-".join([method, *named, *filter(None, after)])
            found[name] = Variant(method, way, *after)
    return found
