"""How cells are scored and settings tried: what rules hand to jobs (standard library only)."""

from typing import NotRequired, TypedDict

from heavytail.allocation.settings import RatioSettings
from heavytail.config.entries import Candidate


class Told(TypedDict):
    """How many of the first documents are scored, if not all, and which number counts."""

    limit: NotRequired[int]
    metric: NotRequired[str]


class ZeroShotSettings(TypedDict):
    """The entries of `tasks`, whether a BOS token comes before their texts, and what asks."""

    tasks: dict[str, Told]
    bos: str
    engine: str


class TuneSettings(RatioSettings):
    """An allocation, and what its open settings may be."""

    candidates: list[Candidate]


class SearchSettings(TypedDict):
    """How an allocation is searched.

    Attributes:
        sparsity: the share of weights to remove, in (0, 1).
        bounds: the lowest and the highest ratio.
        population: the children of a generation.
        generations: their number.
        tokens: of the text on which each round scores a child.
        levels: by so many a ratio may lie above or below the target.
        seed: draws children and texts.
    """

    sparsity: float
    population: int
    generations: int
    tokens: list[int]
    levels: int
    seed: int
    bounds: NotRequired[list[float]]
