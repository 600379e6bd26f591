"""Checks of an allocation that the schema cannot express (standard library only: parse time)."""

import copy
from collections.abc import Collection, Mapping
from typing import Any, cast

from heavytail.cells import target_of
from heavytail.config.allocators import (
    ALLOCATORS,
    OPTIONAL,
    REMOVAL_ERRORS,
    REQUIRED,
    SEARCHED,
    WANDA_SCORES,
    WEIGHT_SCORES,
)
from heavytail.config.entries import Allocation, Candidate, Config, Model, Tune
from heavytail.config.epsilons import complete_epsilon
from heavytail.config.groupings import GROUPINGS, name_of, projections_of
from heavytail.config.metrics import METRICS
from heavytail.config.mistakes import fail, shown, unknown
from heavytail.config.search import SEARCH, check_search
from heavytail.projections import ATTENTION, MLP, PROJECTIONS

# What has to be measured of weights.
OF_WEIGHTS = (WANDA_SCORES, WEIGHT_SCORES, REMOVAL_ERRORS, SEARCHED)
# Stands in place of an epsilon, a grouping or a metric that trials choose.
TUNE = "tune"
# Stands for the model's own segments, in place of the name of another model.
OWN = "own"


def complete(name: str, allocation: Allocation, config: Config) -> None:
    """Check one allocation, and give it its allocator's epsilon. Raises SettingsError.

    Args:
        name: the allocation's name.
        allocation: its settings with defaults filled in; changed in place.
        config: the whole config with defaults filled in.
    """
    where = ("allocations", name)
    axes: dict[str, tuple[str, Collection[object]]] = {
        "models": ("model", list(config["models"])),
        "methods": ("method", config["methods"]),
        "sparsities": ("sparsity", config["sparsity"]),
    }
    given: Mapping[str, Any] = allocation
    for axis, (noun, known) in axes.items():
        for chosen in given.get(axis, []):
            if chosen not in known:
                fail((*where, axis), unknown(noun, chosen, map(str, known)))
    _complete_keys(where, allocation)
    complete_epsilon((*where, "epsilon"), allocation, config)
    _check_bounds((*where, "bounds"), allocation, config["sparsity"])
    if allocation["allocator"] == SEARCH:
        check_search(where, allocation, config)
    if allocation.get("grouping") == TUNE:
        if not config["tune"]["grouping"]:
            fail(("tune", "grouping"), f": empty, expected candidates for allocations.{name}")
        for grouping in config["tune"]["grouping"]:
            _check_guides(where, allocation | {"grouping": grouping}, ("tune", "grouping"))
        _check_once(("tune", "grouping"), config["tune"]["grouping"])
    elif "grouping" in allocation:
        _check_guides(where, allocation, (*where, "grouping"))
    if allocation.get("metric") == TUNE and not config["tune"]["metric"]:
        fail(("tune", "metric"), f": empty, expected candidates for allocations.{name}")
    owner = allocation.get("segments", OWN)
    if owner != OWN and owner not in config["models"]:
        fail((*where, "segments"), unknown("model", owner, [OWN, *config["models"]]))
    if owner != OWN and _is_unsegmented(config["models"][owner]):
        missing = f": models.{owner} has no segments, and no weights by which to find them"
        fail((*where, "segments"), missing)


def _is_unsegmented(model: Model) -> bool:
    """Whether a model has no segments given, and no weights by which to find them."""
    return "alphas" in model and "segments" not in model


def check_weightless(name: str, allocation: Allocation, model: str, entry: Model) -> None:
    """Fail if an allocation needs weights, for a model that has only published alphas.

    Args:
        name: the allocation's name.
        allocation: its settings, as `complete` leaves them.
        model: the model's name.
        entry: the model's settings.
    """
    needs = {
        "allocator": ALLOCATORS[allocation["allocator"]].reads in OF_WEIGHTS,
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
            f": {shown(given[key])} needs weights, but models.{model} has only alphas",
        )


def is_tuned(allocation: Allocation) -> bool:
    """Whether trials choose the epsilon, the grouping or the metric of an allocation."""
    return TUNE in [allocation.get(key) for key in ("epsilon", "grouping", "metric")]


def reads_validation(allocation: Allocation) -> bool:
    """Whether trials or a search score an allocation on validation text."""
    return is_tuned(allocation) or allocation["allocator"] == SEARCH


def candidates(allocation: Allocation, tune: Tune) -> list[Candidate]:
    """The candidates of an allocation: each is the settings that it puts in place of `TUNE`.

    Args:
        allocation: one that `is_tuned`.
        tune: the config's "epsilon", "grouping" and "metric", lists of candidates.
    """
    found: list[Candidate] = [{}]
    if allocation.get("grouping") == TUNE:
        found = [
            {"grouping": name_of(grouping), "projections": list(projections_of(grouping))}
            for grouping in tune["grouping"]
        ]
    if allocation.get("metric") == TUNE:
        rows = [(name, METRICS[name]) for name in tune["metric"]]
        chosen: list[Candidate] = [
            {"metric": name, "direction": row.direction, "family": row.family} for name, row in rows
        ]
        found = [one | other for one in found for other in chosen]
    if allocation.get("epsilon") == TUNE:
        found = [one | {"epsilon": epsilon} for one in found for epsilon in tune["epsilon"]]
    return found


def _check_grouping(where: tuple[str, ...], grouping: str | list[str]) -> None:
    """Fail if there is no such grouping or, in a list, no such projection."""
    named = isinstance(grouping, str)
    noun, known = ("grouping", GROUPINGS) if named else ("projection", PROJECTIONS)
    for name in [grouping] if named else grouping:
        if name not in known:
            fail(where, unknown(noun, name, known))


def _check_once(where: tuple[str, ...], groupings: list[str | list[str]]) -> None:
    """Fail if two groupings are the same projections."""
    found = [frozenset(projections_of(grouping)) for grouping in groupings]
    for place, chosen in enumerate(found):
        if chosen in found[:place]:
            first, second = (name_of(groupings[at]) for at in (found.index(chosen), place))
            fail(where, f": {first!r} and {second!r} are the same projections")


def _check_guides(where: tuple[str, ...], allocation: Allocation, key: tuple[str, ...]) -> None:
    """Fail if there is no such grouping as stands at `key`, or if it does not fit the mapping."""
    _check_grouping(key, allocation["grouping"])
    _check_mapping((*where, "mapping"), allocation)


def _complete_keys(where: tuple[str, ...], allocation: Allocation) -> None:
    """Give an allocation the keys of its allocator alone; fail if it has those of another."""
    given = cast(dict[str, object], allocation)
    own = ALLOCATORS[allocation["allocator"]].keys
    for other, row in ALLOCATORS.items():
        for key in row.keys:
            if key in given and key not in own:
                fail((*where, key), f": not allowed: only the allocator {other} reads it")
    for key, default in own.items():
        if default == REQUIRED and key not in given:
            expected = f"expected what the allocator {allocation['allocator']} reads"
            fail((*where, key), f": missing: {expected}")
        if default not in (REQUIRED, OPTIONAL):
            given.setdefault(key, copy.copy(default))


def _check_bounds(
    where: tuple[str, ...], allocation: Allocation, sparsities: list[float | str]
) -> None:
    """Fail if the bounds are no two shares in order, or do not hold a target."""
    if "bounds" not in allocation:
        return
    bounds = allocation["bounds"]
    if allocation["allocator"] == "er_plus":
        fail(where, ": not allowed: er_plus keeps the last matrix whole")
    numbers = [b for b in bounds if isinstance(b, int | float) and not isinstance(b, bool)]
    if len(bounds) != 2 or len(numbers) != 2 or not 0 <= numbers[0] < numbers[1] <= 1:
        fail(where, f": found {bounds}, expected two shares, the lower one first")
    for sparsity in allocation.get("sparsities", sparsities):
        target, _ = target_of(sparsity)
        if not bounds[0] <= target <= bounds[1]:
            fail(where, f": found {bounds}, which cannot hold the target {sparsity}")


def _check_mapping(where: tuple[str, ...], allocation: Allocation) -> None:
    """Fail if the grouping leaves a matrix, the attention or the MLP without a guide."""
    chosen = projections_of(allocation["grouping"])
    if allocation["mapping"] == "matrix" and set(chosen) != set(PROJECTIONS):
        fail(where, ": 'matrix' maps every matrix by its own metric, expected the grouping 'gt'")
    if allocation["mapping"] == "attention_mlp":
        for part, projections in (("attention", ATTENTION), ("the MLP", MLP)):
            if not set(chosen) & set(projections):
                fail(where, f": 'attention_mlp' needs a projection of {part} in the grouping")
