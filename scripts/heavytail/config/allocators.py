"""The allocators, a row each (standard library only: parse time).

A row's name is a module of heavytail.allocation.allocators. No job imports this table: a job
receives what it needs of a row as a param of its rule. A new row therefore makes nothing stale.
"""

from dataclasses import dataclass, field

# An allocator may read these beside the shapes of the matrices: a metric of spectra, the Wanda
# scores of the dense model, the scores of its weights, or the file of the key `file`.
METRIC, WANDA_SCORES, WEIGHT_SCORES, FILE = "metric", "wanda_scores", "weight_scores", "file"
# Or what the matrices of the dense model lose if half of their weights are removed.
REMOVAL_ERRORS = "removal_errors"
# Or the table of a search of its own.
SEARCHED = "searched"
# Stands for the default of a key that has none, and that of one that may be left out.
REQUIRED, OPTIONAL = "required", None
# The default epsilon is the one in the row of the method.
OF_METHOD = "of the method"


@dataclass(frozen=True)
class Allocator:
    """What the workflow must know of an allocator before a job runs it."""

    reads: str | None = None
    # The published default, or that of each sparsity; None if it takes no epsilon.
    epsilon: float | str | dict[float, float] | None = None
    # The keys of a config that are for this allocator alone, with their defaults.
    keys: dict[str, object] = field(default_factory=dict)


ALLOCATORS = {
    "spectral": Allocator(reads=METRIC, epsilon=OF_METHOD),
    "uniform": Allocator(),
    "owl": Allocator(reads=WANDA_SCORES, epsilon=0.08, keys={"outlier": 5}),
    "dlp": Allocator(
        reads=WANDA_SCORES,
        epsilon={0.5: 0.04, 0.6: 0.1, 0.7: 0.15},
        # The paper's median; its code takes the mean.
        keys={"statistic": "median"},
    ),
    # ATP publishes no default and tunes it.
    "depth_linear": Allocator(epsilon=0.2),
    # Its script's numbers.
    "lsa": Allocator(
        reads=REMOVAL_ERRORS,
        epsilon={0.5: 0.04, 0.6: 0.1, 0.7: 0.15, 0.8: 0.12},
        keys={"parts": "block"},
    ),
    "given": Allocator(reads=FILE, keys={"file": REQUIRED, "step": OPTIONAL}),
    "global": Allocator(reads=WEIGHT_SCORES),
    "lamp": Allocator(reads=WEIGHT_SCORES),
    "er": Allocator(),
    "er_plus": Allocator(),
    # The population and the texts of EvoPress' fast form; its seed and its start are ours.
    "search": Allocator(
        reads=SEARCHED,
        keys={
            "start": REQUIRED,
            "population": 16,
            "generations": 400,
            "tokens": [512, 8192],
            "levels": 8,
            "seed": 0,
        },
    ),
}
