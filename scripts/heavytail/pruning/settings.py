"""How a cell is pruned and told to others: what rules hand to jobs (standard library only)."""

from typing import NotRequired, TypedDict


class PruneSettings(TypedDict):
    """How a cell is pruned, beside its ratios.

    Attributes:
        method: a module of heavytail.pruning.methods.
        within_block: a module of heavytail.pruning.within_block; None of a method that reads no
            calibration text.
        group_size: M of N:M sparsity, or None.
        code: changes when the code that prunes the cell does.
        refine, update: modules of heavytail.pruning.after, if there is such a step.
    """

    method: str
    within_block: str | None
    group_size: int | None
    code: str
    refine: NotRequired[str]
    update: NotRequired[str]


class ExportSettings(TypedDict):
    """How a cell is told to llm-compressor.

    Attributes:
        modifier: llm-compressor's of the method, or None where it has none.
        group_size: M of N:M sparsity, or None.
    """

    modifier: str | None
    group_size: int | None
