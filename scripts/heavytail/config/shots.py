"""How many examples stand before a question, and which splits of its data a task needs."""

from typing import Any

SCORED = ("test_split", "validation_split")
SPLITS = ("training_split", *SCORED)


def shots_of(config: dict[str, Any], shots: int | None) -> int:
    """The number of examples, as lm-eval's command line takes it.

    Args:
        config: of a task.
        shots: the config's number; None for the task's own.

    Raises ValueError if the task takes no such number.
    """
    own = config.get("num_fewshot")
    if shots and config.get("output_type") == "loglikelihood_rolling":
        raise ValueError(f"{config['task']} has no questions, and takes no shots")
    if shots and own == 0:
        raise ValueError(f"lm-eval fixes the shots of {config['task']} at 0")
    found = (own or 0) if shots is None else shots
    brought = (config.get("fewshot_config") or {}).get("samples")
    if isinstance(brought, list) and examples_split(config) is None and found > len(brought):
        raise ValueError(f"{config['task']} brings {len(brought)} examples, found {found} shots")
    return found


def scored_split(config: dict[str, Any]) -> str | None:
    """The split that is scored."""
    return next((str(config[key]) for key in SCORED if config.get(key)), None)


def examples_split(config: dict[str, Any]) -> str | None:
    """The split that examples are drawn from; None if the task brings its own."""
    inner = config.get("fewshot_config") or {}
    named = inner.get("split") or config.get("fewshot_split")
    if named:
        return str(named)
    if inner.get("samples") is not None:
        return None
    order = ("training_split", "validation_split", "test_split")
    return next(str(config[key]) for key in order if config.get(key))


def examples_needed(config: dict[str, Any], shots: int) -> int:
    """How many rows the split of the examples needs: a question is no example of itself."""
    return shots + (examples_split(config) == config.get("test_split"))


def with_shots(config: dict[str, Any], shots: int) -> tuple[dict[str, Any], list[str]]:
    """The configuration with a number of examples, and the splits that it then needs.

    Splits that it does not need are left out of it, but what it draws from stays the same.
    """
    scored = str(scored_split(config))
    found = config | {"num_fewshot": shots}
    source = examples_split(config) if shots else None
    if not shots:
        found["fewshot_split"] = None
        inner = config.get("fewshot_config")
        found["fewshot_config"] = inner and {k: v for k, v in inner.items() if k != "split"}
    needed = [scored, *([source] if source and source != scored else [])]
    found |= {key: None for key in SPLITS if config.get(key) not in needed}
    return found, needed
