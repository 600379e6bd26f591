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
