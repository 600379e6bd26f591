"""The allocators, a row each (standard library only: parse time).

A row's name is a module of heavytail.allocation.allocators. No job imports this table, so that a
new row makes nothing stale: what a job needs of a row it is given as a param of its rule.
"""

from dataclasses import dataclass

# What an allocator may read beside the shapes of the matrices: a metric of spectra, or the Wanda
# scores of the dense model.
METRIC, WANDA_SCORES = "metric", "wanda_scores"
# The default epsilon that a method's own row has.
OF_METHOD = "of the method"


@dataclass(frozen=True)
class Allocator:
    """What the workflow must know of an allocator before a job runs it."""

    reads: str | None = None
    epsilon: float | str | None = None  # the default, as published; None: it has no epsilon


ALLOCATORS = {
    "spectral": Allocator(reads=METRIC, epsilon=OF_METHOD),
    "uniform": Allocator(),
    "owl": Allocator(reads=WANDA_SCORES, epsilon=0.08),
    "dlp": Allocator(reads=WANDA_SCORES, epsilon=0.15),
    # ATP tunes its own.
    "depth_linear": Allocator(epsilon=0.2),
}
