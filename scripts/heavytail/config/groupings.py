"""The groupings that have a name: the projections whose spectra guide a block."""

from itertools import combinations

from heavytail.projections import PROJECTIONS

# Stands for every grouping, in place of a list of candidates.
EVERY = "all"

GROUPINGS = {
    "gt": PROJECTIONS,
    "q": ("q_proj",),
    "k": ("k_proj",),
    "v": ("v_proj",),
    "out": ("o_proj",),
    "gate": ("gate_proj",),
    "qk": ("q_proj", "k_proj"),
    "qout": ("q_proj", "o_proj"),
    "vout": ("v_proj", "o_proj"),
    "qkv": ("q_proj", "k_proj", "v_proj"),
    "qkout": ("q_proj", "k_proj", "o_proj"),
    "qkvout": ("q_proj", "k_proj", "v_proj", "o_proj"),
    "qoutgate": ("q_proj", "o_proj", "gate_proj"),
    "qkvoutg": ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj"),
}


def projections_of(grouping: str | list[str]) -> tuple[str, ...]:
    """The projections of a grouping, which is a name or a list of projections."""
    return GROUPINGS[grouping] if isinstance(grouping, str) else tuple(grouping)


def every_grouping() -> list[tuple[str, ...]]:
    """Every choice of at least one projection, small ones first."""
    sizes = range(1, len(PROJECTIONS) + 1)
    return [chosen for size in sizes for chosen in combinations(PROJECTIONS, size)]


def name_of(grouping: str | list[str]) -> str:
    """A grouping as tables write it: its name if the same projections have one, else its parts."""
    if isinstance(grouping, str):
        return grouping
    same = (name for name, own in GROUPINGS.items() if set(own) == set(grouping))
    return next(same, "+".join(grouping))
