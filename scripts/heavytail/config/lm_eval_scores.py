"""Which numbers lm-eval forms of a task or a group, the one that counts first (parse time)."""

from heavytail.config.lm_eval_configs import Config, Function, Resolved

# The numbers of a kind of tasks that names none.
OF_KIND = {
    "loglikelihood": ["perplexity", "acc"],
    "loglikelihood_rolling": ["word_perplexity", "byte_perplexity", "bits_per_byte"],
    "multiple_choice": ["acc", "acc_norm"],
    "generate_until": ["exact_match"],
}
# The filter of a task that names none.
NONE = "none"


def metrics(config: Config) -> list[str]:
    """The metrics of a task by name, in its order."""
    kind = config.get("output_type", "generate_until")
    listed = [metric["metric"] for metric in config.get("metric_list") or []] or OF_KIND[kind]
    return [n.rpartition(".")[2] if isinstance(n, Function) else str(n) for n in listed]


def filters(config: Config) -> list[str]:
    """The filters of a task by name, in its order."""
    return [one["name"] for one in config.get("filter_list") or []] or [NONE]


def numbers(name: str, found: Resolved) -> list[str]:
    """The numbers of a task or a group, as METRIC,FILTER; the first counts.

    A group that forms no mean has none.
    """
    if name in found.tasks:
        config = found.tasks[name]
        return [f"{metric},{own}" for metric in metrics(config) for own in filters(config)]
    listed = found.groups[name].get("aggregate_metric_list") or []
    every = sorted({own for leaf in leaves(name, found) for own in filters(found.tasks[leaf])})
    of_group: list[str] = []
    for one in [listed] if isinstance(listed, dict) else listed:
        own = one.get("filter_list") or every
        of_group += [f"{one['metric']},{f}" for f in ([own] if isinstance(own, str) else own)]
    return of_group


def leaves(name: str, found: Resolved) -> list[str]:
    """The tasks of a task or a group."""
    if name in found.tasks:
        return [name]
    return [leaf for inner in found.groups[name]["task"] for leaf in leaves(inner, found)]


def scores(found: Resolved) -> dict[str, list[str]]:
    """What stands in tables → its numbers: in place of a group without a mean its members do."""

    def of(name: str) -> dict[str, list[str]]:
        own = numbers(name, found)
        if own or name in found.tasks:
            return {name: own}
        return {k: v for inner in found.groups[name]["task"] for k, v in of(inner).items()}

    return {key: own for name in found.top for key, own in of(name).items()}


def chosen(metric: str | None, own: list[str]) -> str | None:
    """The number that counts: the first, or the first of a metric; None if there is no such one."""
    if metric is None:
        return own[0]
    return next((number for number in own if metric in (number, number.partition(",")[0])), None)
