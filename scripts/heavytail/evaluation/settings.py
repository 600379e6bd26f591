"""How cells are scored and settings tried: what rules hand to jobs (standard library only)."""

from typing import TypedDict

from heavytail.allocation.settings import RatioSettings
from heavytail.config.entries import Candidate


class ZeroShotSettings(TypedDict):
    """The names of the tasks, and whether a BOS token comes before their texts."""

    tasks: list[str]
    bos: str


class TuneSettings(RatioSettings):
    """An allocation, and what its open settings may be."""

    candidates: list[Candidate]
