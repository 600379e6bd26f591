"""How cells are scored and settings tried: what rules hand to jobs (standard library only)."""

from typing import TypedDict

from heavytail.allocation.settings import RatioSettings
from heavytail.config.entries import Candidate


class ZeroShotSettings(TypedDict):
    """The names of the tasks, whether a BOS token comes before their texts, and what asks."""

    tasks: list[str]
    bos: str
    engine: str


class TuneSettings(RatioSettings):
    """An allocation, and what its open settings may be."""

    candidates: list[Candidate]
