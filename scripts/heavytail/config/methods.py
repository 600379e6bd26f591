"""The pruning methods, a row each (standard library only: parse time).

A row's name is a module of heavytail.pruning.methods. No job imports this table: a job receives
what it needs of a row as a param of its rule. A new row therefore makes nothing stale.
"""

from dataclasses import dataclass

# The ways through a block: modules of heavytail.pruning.within_block, the published one first.
WITHIN_BLOCK = ("exact", "sequential")


@dataclass(frozen=True)
class Method:
    """What the workflow must know of a method before a job runs it."""

    calibrated: bool  # it reads calibration text: the module's Statistic is not None
    epsilon: float  # AlphaPruning's of LLaMA-7B, for a spectral allocation that gives none
    patterns: bool = True  # it can prune N:M
    modifier: str | None = None  # llm-compressor's, named in the recipe of an exported cell


METHODS = {
    "magnitude": Method(calibrated=False, epsilon=0.3, modifier="MagnitudePruningModifier"),
    "wanda": Method(calibrated=True, epsilon=0.2, modifier="WandaPruningModifier"),
    # llm-compressor has no such method; this modifier is the nearest.
    "wanda_variant": Method(
        calibrated=True, epsilon=0.2, patterns=False, modifier="WandaPruningModifier"
    ),
    "sparsegpt": Method(calibrated=True, epsilon=0.2, modifier="SparseGPTModifier"),
    # Its authors publish no epsilon: Wanda's.
    "ria": Method(calibrated=True, epsilon=0.2),
}


def labels(methods: list[str], within_block: list[str]) -> dict[str, tuple[str, str | None]]:
    """The name that paths and tables give to a method → the method and its way through a block.

    The name is the method's own for the published way, and such as wanda-sequential for another. A
    method that reads no calibration text has no way through a block: None.
    """
    found = {}
    for method in methods:
        for way in within_block if METHODS[method].calibrated else [None]:
            own = way in (None, WITHIN_BLOCK[0])
            found[method if own else f"{method}-{way}"] = (method, way)
    return found
