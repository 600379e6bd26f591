"""The numbers of tasks and groups, those that count, and their mean."""

import math
from collections.abc import Iterator
from typing import Any

from heavytail.config.lm_eval_scores import Resolved, chosen, leaves, scores
from heavytail.data.frozen_tasks import Entry

# So far apart a mean and lm-eval's number may be by rounding.
TIE = 1e-9


class Counted(Entry):
    """An entry whose `scores` are those of the config.

    Attributes:
        counts: task → the number that it adds to what stands in tables.
    """

    counts: dict[str, str]


def counted(entry: Entry, metric: str | None) -> Counted:
    """The entry with the numbers that the config's metric chooses; None chooses the first."""
    found = Resolved(entry["tasks"], entry["groups"], roots_of(entry))
    own = {name: chosen(metric, numbers) or "" for name, numbers in scores(found).items()}
    counts = {leaf: number for name, number in own.items() for leaf in leaves(name, found)}
    return {
        "scores": own,
        "tasks": entry["tasks"],
        "groups": entry["groups"],
        "features": entry["features"],
        "metadata": entry["metadata"],
        "counts": counts,
    }


def roots_of(entry: Entry) -> list[str]:
    """The tasks and groups of an entry that belong to no other of it."""
    inner = {name for group in entry["groups"].values() for name in group["task"]}
    return [name for name in (*entry["groups"], *entry["tasks"]) if name not in inner]


def broken(results: dict[str, Any]) -> dict[str, str]:
    """Task → what is wrong with it, for each task where the model says no finite number.

    lm-eval takes the argmax all the same: a model that says nan "chooses" the first choice of
    every document and scores like a guess, a number that looks right and means nothing.
    """
    reasons = {}
    for task, documents in results["log_likelihoods"].items():
        count = sum(None in document for document in documents)
        if count:
            documents = f"{count} of {len(documents)} documents"
            reasons[task] = f"{task}: the log-likelihood is not finite in {documents}"
    if results["config"].get("generated_nan"):
        nan = "the model says nan where it generates"
        reasons |= {task: f"{task}: {nan}" for task in results["generated"]}
    return reasons


def summary(results: dict[str, Any], entries: list[Counted]) -> dict[str, Any]:
    """The numbers that tables show, of what `evaluate` returns.

    Returns:
        tasks: task or group → its numbers, METRIC or METRIC,FILTER, and their standard errors
            where they have a formula.
        scores: what stands in tables → its `number`, whether `higher` is better (null if that is
            unknown), its `shots` and its `weight` in the mean, 0 if it has no place there.
        weights: task → the weight of the mean over its documents in the mean.
        mean: the plain mean of the scores that are means of shares and of which more is better.
        reason: of missing numbers. Where log-likelihoods are not finite, the numbers of the task
            and its groups are None, and so is the mean.
    """
    reasons = broken(results)
    groups = results["group_subtasks"]
    spoilt = {name for name in results["results"] if set(_leaves(name, groups)) & set(reasons)}
    tasks: dict[str, dict[str, Any]] = {}
    for name, found in results["results"].items():
        own = numbers_of(found)
        tasks[name] = dict.fromkeys(own) if name in spoilt else own
    told = {name: number for entry in entries for name, number in entry["scores"].items()}
    inner = {name: _weights(name, number, results, entries) for name, number in told.items()}
    shares = {name: own for name, own in inner.items() if own}
    weights = {task: w / len(shares) for own in shares.values() for task, w in own.items()}
    values = [results["results"][name][told[name]] for name in shares]
    mean = math.fsum(values) / len(values) if values and not set(shares) & spoilt else None
    about = {
        name: {
            "number": _short(number),
            "higher": _higher(name, number, results),
            "shots": results["n-shot"].get(name),
            "weight": 1 / len(shares) if name in shares else 0.0,
        }
        for name, number in told.items()
    }
    reason = "; ".join(reasons.values()) or None
    return {"tasks": tasks, "scores": about, "weights": weights, "mean": mean, "reason": reason}


def numbers_of(found: dict[str, Any]) -> dict[str, float | None]:
    """The numbers of a task or a group, without standard errors that are none."""
    own = {key: value for key, value in found.items() if "," in key}
    return {
        _short(key): value
        for key, value in own.items()
        if "_stderr," not in key or isinstance(value, int | float)
    }


def _short(number: str) -> str:
    """A number as it stands in tables."""
    return number.removesuffix(",none")


def _higher(name: str, number: str, results: dict[str, Any]) -> bool | None:
    """Whether more is better; None if lm-eval does not say."""
    found: bool | None = results["higher_is_better"].get(name, {}).get(number.partition(",")[0])
    return found


def _leaves(name: str, groups: dict[str, list[str]]) -> Iterator[str]:
    """The tasks of a task or a group."""
    if name not in groups:
        yield name
    for inner in groups.get(name, []):
        yield from _leaves(inner, groups)


def _weights(
    name: str, number: str, results: dict[str, Any], entries: list[Counted]
) -> dict[str, float]:
    """Task → its weight in a score that is a mean of shares of which more is better; else empty."""
    outcomes, own = results["outcomes"], list(_leaves(name, results["group_subtasks"]))
    value = results["results"][name].get(number)
    if not _higher(name, number, results) or not set(own) <= set(outcomes) or value is None:
        return {}
    sizes = {task: len(outcomes[task]) if _by_size(name, number, entries) else 1 for task in own}
    weights = {task: size / sum(sizes.values()) for task, size in sizes.items()}
    means = {task: math.fsum(outcomes[task]) / len(outcomes[task]) for task in own}
    mean = math.fsum(weights[task] * means[task] for task in own)
    return weights if abs(mean - value) < TIE else {}


def _by_size(name: str, number: str, entries: list[Counted]) -> bool:
    """Whether the tasks of a group count by their documents."""
    group = next((e["groups"][name] for e in entries if name in e["groups"]), {})
    listed = group.get("aggregate_metric_list") or []
    for one in [listed] if isinstance(listed, dict) else listed:
        if one["metric"] == number.partition(",")[0]:
            return bool(one.get("weight_by_size", True))
    return True
