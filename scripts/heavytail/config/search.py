"""Checks of an allocation that a search finds (standard library only: parse time)."""

from collections.abc import Mapping
from typing import Any

from heavytail.cells import target_of
from heavytail.config.entries import Allocation, Config, Tune
from heavytail.config.mistakes import fail, unknown

# The allocator whose ratios a search finds.
SEARCH = "search"
# After so many generations there is a sweep, before and after which matrices are pruned anew, for
# the inputs that the parent's cell gives.
RENEWED = 3
# So many matrices a sweep probes at most, and by so many levels it then tries to move them all.
PROBES = 256
STEPS = (0.25, 0.5, 1.0, 2.0)
# A level is so small a part of a matrix.
LEVELS = 32


def tokens_of(allocation: Mapping[str, Any]) -> tuple[int, int]:
    """How many tokens a generation sends through pruned models, and how many at a time, at most.

    No round has more than the first, or one child; in the last one the parent comes in addition.
    """
    first, last = allocation["population"] * allocation["tokens"][0], allocation["tokens"][-1]
    rounds = [max(first, each) for each in allocation["tokens"]]
    return sum(rounds) + last, max(rounds) + last


def tokens_of_sweep(allocation: Mapping[str, Any]) -> int:
    """How many tokens a sweep sends through pruned models at most; the parent comes twice."""
    first, last = allocation["tokens"][0], allocation["tokens"][-1]
    return (1 + PROBES) * first + (1 + len(STEPS)) * last


def check_search(where: tuple[str, ...], allocation: Allocation, config: Config) -> None:
    """Fail if a search has nothing to start from, or cannot give what is asked for.

    Args:
        where: the allocation's place in the config.
        allocation: its settings with defaults filled in.
        config: the whole config with defaults filled in.
    """
    for key in ("segments", "blend"):
        if key in allocation:
            fail((*where, key), ": not allowed: it would change what the search has found")
    for sparsity in allocation.get("sparsities", config["sparsity"]):
        if target_of(sparsity)[1]:
            told = f": a search has no levels of N:M, but sparsity has {sparsity!r}"
            fail((*where, "allocator"), told)
    _check_room((*where, "bounds"), allocation, config["sparsity"])
    name = allocation["start"]
    known = [n for n, own in config["allocations"].items() if own["allocator"] != SEARCH]
    if name in config["allocations"] and name not in known:
        fail((*where, "start"), f": found {name!r}, a search, expected another allocation")
    if name not in known:
        fail((*where, "start"), unknown("allocation", name, known))
    own: Mapping[str, Any] = allocation
    start: Mapping[str, Any] = config["allocations"][name]
    axes = {"models": config["models"], "methods": config["methods"]}
    for axis, known_of in (axes | {"sparsities": config["sparsity"]}).items():
        for one in own.get(axis, known_of):
            if one not in start.get(axis, [one]):
                fail((*where, "start"), f": allocations.{name}.{axis} lacks {one}")


def _check_room(
    where: tuple[str, ...], allocation: Allocation, sparsities: list[float | str]
) -> None:
    """Fail if no matrix can move by a level within the bounds, whatever the ratios are at first."""
    low, high = allocation.get("bounds", (0.0, 1.0))
    found = f": found {[low, high]}, expected "
    if high - low < 1 / LEVELS:
        fail(where, f"{found}at least a level of a search, 1/{LEVELS}, between them")
    for sparsity in allocation.get("sparsities", sparsities):
        if target_of(sparsity)[0] in (low, high):
            fail(where, f"{found}the target {sparsity} between them: a search moves both ways")


def fit_tokens(where: tuple[str, ...], allocation: Allocation, given: bool, tune: Tune) -> None:
    """Fail if the rounds of a search do not grow or want more text than there is.

    Args:
        where: the allocation's place in the config.
        allocation: its settings; if they have the default tokens, it is cut to what there is.
        given: whether the tokens are the user's.
        tune: the text, complete.
    """
    tokens, there = allocation["tokens"], tune["windows"] * tune["length"]
    if not given:
        allocation["tokens"] = tokens = list(dict.fromkeys(min(one, there) for one in tokens))
    if tokens != sorted(set(tokens)):
        fail((*where, "tokens"), f": found {tokens}, expected numbers that grow")
    if tokens[-1] > there:
        told = f": found {tokens[-1]}, expected at most tune.windows · tune.length, {there}"
        fail((*where, "tokens"), told)
