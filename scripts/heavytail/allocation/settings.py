"""What decides the ratios of an allocation: what rules hand to jobs (standard library only)."""

from typing import NotRequired, TypedDict

from heavytail.config.entries import Blend
from heavytail.projections import Matrix


class Target(TypedDict):
    """What every allocator reads: the share of weights to remove, in (0, 1)."""

    sparsity: float


class Shaped(Target):
    """What an allocator reads that looks at rows and columns: (block, projection) → shape."""

    shapes: dict[Matrix, tuple[int, int]]


class Steps(Target):
    """What `given` reads: the number of weights of a level, if its file has levels."""

    step: NotRequired[int]


class Spread(Target):
    """What an allocator reads whose ratios differ: how far they spread."""

    epsilon: float


class Outliers(Spread):
    """What OWL reads: a score is an outlier above so many times the mean of its block."""

    outlier: int


class ScoreStatistic(Spread):
    """What DLP reads: which number of a block's scores counts, median or mean."""

    statistic: str


class Parts(Spread):
    """What LSA reads: what shares an error, block, attention_mlp or matrix."""

    parts: str


class Spectral(Spread):
    """What the spectral allocator reads.

    Attributes:
        metric: the number of each spectrum that guides.
        direction: 1 where matrices with a larger metric are pruned more, -1 where less.
        projections: those of the grouping.
        mapping: block, matrix or attention_mlp.
    """

    metric: str
    direction: int
    projections: list[str]
    mapping: str


class RatioSettings(TypedDict):
    """All settings of an allocation for one method and sparsity; it has those that it needs.

    Attributes:
        allocator: a module of heavytail.allocation.allocators.
        sparsity: the share of weights to remove, in (0, 1).
        group_size: M of N:M sparsity, or None.
        grouping: its name, where trials choose it; until they did, "tune".
        epsilon, metric: likewise "tune" until trials chose it.
        family: of the metric, where trials choose it.
        segments: whose: "own" or a model's name.
        bounds: the lowest and the highest ratio.
    """

    allocator: str
    sparsity: float
    group_size: int | None
    metric: NotRequired[str]
    family: NotRequired[str]
    direction: NotRequired[int]
    projections: NotRequired[list[str]]
    grouping: NotRequired[str]
    mapping: NotRequired[str]
    epsilon: NotRequired[float | str]
    outlier: NotRequired[int]
    statistic: NotRequired[str]
    parts: NotRequired[str]
    step: NotRequired[int]
    bounds: NotRequired[list[float]]
    segments: NotRequired[str]
    blend: NotRequired[Blend]
