"""What the schema cannot say of an allocation (standard library only: parse time)."""

from collections.abc import Mapping
from typing import Literal

from heavytail.config.allocators import ALLOCATORS, OF_METHOD, WANDA_SCORES
from heavytail.config.entries import Allocation, Candidate, Config, Model, Tune
from heavytail.config.groupings import GROUPINGS, name_of, projections_of
from heavytail.config.methods import METHODS
from heavytail.config.mistakes import fail, shown, unknown
from heavytail.projections import ATTENTION, MLP, PROJECTIONS

# An epsilon or a grouping that trials choose.
TUNE = "tune"
# Whose segments: the model's own, or another model's by its name.
OWN = "own"


def complete(name: str, allocation: Allocation, config: Config) -> None:
    """Check one allocation and give it the epsilon of its allocator; raises SettingsError.

    Args:
        name: of the allocation.
        allocation: its settings, defaults filled in; changed in place.
        config: the whole config, defaults filled in.
    """
    where = ("allocations", name)
    axis: Literal["models", "methods"]
    for axis, noun in (("models", "model"), ("methods", "method")):
        for chosen in allocation.get(axis, []):
            if chosen not in config[axis]:
                fail((*where, axis), unknown(noun, chosen, config[axis]))
    _complete_epsilon((*where, "epsilon"), allocation, config["methods"])
    if allocation.get("grouping") == TUNE:
        if not config["tune"]["grouping"]:
            fail(("tune", "grouping"), f": empty, expected what allocations.{name} chooses from")
        for grouping in config["tune"]["grouping"]:
            _check_guides(where, allocation | {"grouping": grouping}, ("tune", "grouping"))
    elif "grouping" in allocation:
        _check_guides(where, allocation, (*where, "grouping"))
    owner = allocation.get("segments", OWN)
    if owner != OWN and owner not in config["models"]:
        fail((*where, "segments"), unknown("model", owner, [OWN, *config["models"]]))
    if owner != OWN and _is_unsegmented(config["models"][owner]):
        fail((*where, "segments"), f": models.{owner} has neither segments nor weights to find any")


def _is_unsegmented(model: Model) -> bool:
    """Whether a model has no segments that are given, nor weights by which to find them."""
    return "alphas" in model and "segments" not in model


def check_weightless(name: str, allocation: Allocation, model: str, entry: Model) -> None:
    """Fail when an allocation needs weights of a model that has published alphas alone.

    Args:
        name: of the allocation.
        allocation: its settings, complete.
        model: the model's name.
        entry: the model's settings.
    """
    needs = {
        "allocator": ALLOCATORS[allocation["allocator"]].reads == WANDA_SCORES,
        "metric": allocation.get("metric", "alpha_peak") != "alpha_peak",
        "epsilon": allocation.get("epsilon") == TUNE,
        "grouping": allocation.get("grouping") == TUNE,
        "segments": allocation.get("segments") == OWN and _is_unsegmented(entry),
        "blend": "blend" in allocation,
    }
    given: Mapping[str, object] = allocation
    for key in (key for key, needed in needs.items() if needed):
        fail(
            ("allocations", name, key),
            f": {shown(given[key])} needs weights, and models.{model} has alphas alone",
        )


def is_tuned(allocation: Allocation) -> bool:
    """Whether trials choose something of an allocation."""
    return TUNE in (allocation.get("epsilon"), allocation.get("grouping"))


def candidates(allocation: Allocation, tune: Tune) -> list[Candidate]:
    """What an allocation's open settings may be, each with the settings that it changes.

    Args:
        allocation: for which `is_tuned`.
        tune: the config's "epsilon" and "grouping", lists of candidates.
    """
    found: list[Candidate] = [{}]
    if allocation.get("grouping") == TUNE:
        found = [
            {"grouping": name_of(grouping), "projections": list(projections_of(grouping))}
            for grouping in tune["grouping"]
        ]
    if allocation.get("epsilon") == TUNE:
        found = [one | {"epsilon": epsilon} for one in found for epsilon in tune["epsilon"]]
    return found


def _check_grouping(where: tuple[str, ...], grouping: str | list[str]) -> None:
    """Fail when a grouping, or a projection of a list, has no such name."""
    named = isinstance(grouping, str)
    noun, known = ("grouping", GROUPINGS) if named else ("projection", PROJECTIONS)
    for name in [grouping] if named else grouping:
        if name not in known:
            fail(where, unknown(noun, name, known))


def _check_guides(where: tuple[str, ...], allocation: Allocation, key: tuple[str, ...]) -> None:
    """Fail when a grouping, which stands at `key`, has no such name or does not fit the mapping."""
    _check_grouping(key, allocation["grouping"])
    _check_mapping((*where, "mapping"), allocation)


def _complete_epsilon(where: tuple[str, ...], allocation: Allocation, methods: list[str]) -> None:
    """Give an allocation its allocator's epsilon; fail where one fits no allocator or method."""
    methods = allocation.get("methods", methods)
    default: float | str | dict[str, float] | None
    default = ALLOCATORS[allocation["allocator"]].epsilon
    if default is None:
        if "epsilon" in allocation:
            fail(where, f": the allocator {allocation['allocator']} has none")
        return
    if default == OF_METHOD:
        default = {method: METHODS[method].epsilon for method in methods}
    epsilon = allocation.setdefault("epsilon", default)
    for method in methods:
        if isinstance(epsilon, dict) and method not in epsilon:
            fail(where, f".{method}: missing: {method} is one of the methods")


def _check_mapping(where: tuple[str, ...], allocation: Allocation) -> None:
    """Fail when a grouping leaves something without a guide."""
    chosen = projections_of(allocation["grouping"])
    if allocation["mapping"] == "matrix" and set(chosen) != set(PROJECTIONS):
        fail(where, ": 'matrix' maps every matrix by its own metric, expected the grouping 'gt'")
    if allocation["mapping"] == "attention_mlp":
        for side, projections in (("attention", ATTENTION), ("MLP", MLP)):
            if not set(chosen) & set(projections):
                fail(where, f": 'attention_mlp' needs projections of both, found no {side}")
