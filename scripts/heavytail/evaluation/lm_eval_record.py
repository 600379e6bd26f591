"""lm-eval's results object as a record that a rerun repeats byte for byte."""

import math
from typing import Any

import numpy as np
import torch

# What of lm-eval's results is no property of the result, per level of the object.
DROPPED = {
    "samples": "repeats the task's data; `log_likelihoods` and `outcomes` keep what the model said",
    "date": "differs from run to run",
    "git_hash": "is that of the working directory, whatever it is",
    "upper_git_hash": "likewise",
    "pretty_env_info": "describes the machine",
}
DROPPED_OF_CONFIG = {
    "model": "is the path that the model was read from",
    "model_revision": "is always main for a model that lm-eval did not load itself",
    "model_sha": "is always empty for such a model",
}
DROPPED_OF_TASK = {
    "fewshot_config": "holds functions",
    "dataset_kwargs": "has paths of files that are gone",
    "task_alias": "is a name for lm-eval's own tables",
}
DROPPED_OF_METADATA = {"config_source": "is a path"}


def json_safe(value: object) -> Any:
    """The value in JSON's own types: null for what is no finite number, names for dtypes.

    Raises TypeError for anything else, functions for one: their text would differ between runs.
    """
    if isinstance(value, dict):
        return {str(key): json_safe(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [json_safe(item) for item in value]
    if isinstance(value, np.generic):
        return json_safe(value.item())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, torch.dtype):
        return str(value)
    if value is None or isinstance(value, str | int):
        return value
    raise TypeError(f"{type(value).__name__} has no place in a record")


def without(mapping: dict[str, Any], dropped: dict[str, str]) -> dict[str, Any]:
    """The mapping without the dropped keys."""
    return {key: value for key, value in mapping.items() if key not in dropped}


def reproducible(results: dict[str, Any], counts: dict[str, str]) -> dict[str, Any]:
    """lm-eval's results object without what differs between equal runs, JSON-safe.

    Args:
        results: the object.
        counts: task → the number that counts, METRIC,FILTER.

    Returns:
        Each task's `log_likelihoods`, [documents][requests], or, if it generates, `generated`, the
        texts, and `outcomes`, what each document adds to a mean, if that is from 0 to 1, take the
        place of its `samples`.
    """
    kept = without(results, DROPPED)
    kept["config"] = without(results["config"], DROPPED_OF_CONFIG)
    kept["configs"] = {}
    for task, config in results["configs"].items():
        metadata = without(config["metadata"], DROPPED_OF_METADATA)
        kept["configs"][task] = {**without(config, DROPPED_OF_TASK), "metadata": metadata}
    kept |= {"log_likelihoods": {}, "generated": {}, "outcomes": {}}
    for task, samples in results["samples"].items():
        generates = results["configs"][task].get("output_type") == "generate_until"
        # Each filter has all documents again.
        first = [one for one in samples if one["filter"] == samples[0]["filter"]]
        kept["generated" if generates else "log_likelihoods"][task] = [
            _said(sample, generates) for sample in first
        ]
        own = outcomes(samples, counts[task])
        if own is not None:
            kept["outcomes"][task] = own
    return json_safe(kept)


def _said(sample: dict[str, Any], generates: bool) -> list[Any]:
    """What the model said of a document: texts, or a log-likelihood per request."""
    if generates:
        return [text for request in sample["resps"] for text in request]
    found = sample["filtered_resps"]
    return [value[0] if isinstance(value, list | tuple) else value for value in found]


def outcomes(samples: list[dict[str, Any]], number: str) -> list[float] | None:
    """What each document counts for a number; None if that is no share of something."""
    metric, _, name = number.partition(",")
    found = [sample.get(metric) for sample in samples if sample["filter"] == name]
    shares = [
        float(v) for v in found if isinstance(v, int | float | np.number | np.bool_) and 0 <= v <= 1
    ]
    if not found or len(shares) < len(found):
        return None
    return [int(value) if value in (0, 1) else value for value in shares]
