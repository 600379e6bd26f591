"""The pruning methods, a row each (standard library only: parse time).

A row's name is a module of heavytail.pruning.methods. No job imports this table, so that a new row
makes nothing stale: what a job needs of a row it is given as a param of its rule.
"""

from dataclasses import dataclass

# The ways through a block: modules of heavytail.pruning.within_block, the published one first.
WITHIN_BLOCK = ("exact", "sequential")


@dataclass(frozen=True)
class Method:
    """What the workflow must know of a method before a job runs it."""

    calibrated: bool  # reads calibration text: the module's Statistic is not None
    epsilon: float  # of a spectral allocation that gives none, as published
    patterns: bool = True  # has an N:M form
    modifier: str | None = None  # of llm-compressor, in an exported cell's recipe


METHODS = {
    "magnitude": Method(calibrated=False, epsilon=0.3, modifier="MagnitudePruningModifier"),
    "wanda": Method(calibrated=True, epsilon=0.2, modifier="WandaPruningModifier"),
    # The nearest that llm-compressor has.
    "wanda_variant": Method(
        calibrated=True, epsilon=0.2, patterns=False, modifier="WandaPruningModifier"
    ),
    "sparsegpt": Method(calibrated=True, epsilon=0.2, modifier="SparseGPTModifier"),
}


def labels(methods: list[str], within_block: list[str]) -> dict[str, tuple[str, str | None]]:
    """The names that paths and tables give to methods → method and way through a block.

    A method's own name stands for the published way, wanda-sequential for another one. A method
    that reads no calibration text goes none of them.
    """
    found = {}
    for method in methods:
        for way in within_block if METHODS[method].calibrated else [None]:
            own = way in (None, WITHIN_BLOCK[0])
            found[method if own else f"{method}-{way}"] = (method, way)
    return found
