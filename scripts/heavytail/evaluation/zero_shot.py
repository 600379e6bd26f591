"""Zero-shot accuracy through lm-eval, as a record that a rerun repeats byte for byte."""

import math
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import datasets
import lm_eval
import numpy as np
import torch
from lm_eval.models.huggingface import HFLM
from lm_eval.tasks import TaskManager
from torch.utils import collect_env
from transformers import AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase

from heavytail.evaluation.settings import ZeroShotSettings
from heavytail.evaluation.shared_contexts import SharedContextScorer
from heavytail.io.computed import versions
from heavytail.io.files import read_json, write_json
from heavytail.models import device
from heavytail.models.loading import load_model
from heavytail.pruning.artifact import Artifact

NUMBERS = ("acc", "acc_stderr", "acc_norm", "acc_norm_stderr")
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
DROPPED_OF_TASK = {"fewshot_config": "holds functions, and there are no shots"}
DROPPED_OF_METADATA = {"config_source": "is a path"}
# Accuracies have analytic standard errors, which lm-eval leaves out at 0 iterations.
BOOTSTRAP_ITERATIONS = 1
# The config's `zero_shot.bos` → lm-eval's add_bos_token. The reference results are older than
# lm-eval 0.4.9.2, which leaves the choice to the tokenizer if add_bos_token is not given.
ADD_BOS_TOKEN = {"none": False, "tokenizer": None}
# In bfloat16, log-likelihoods near -20 are 1/8 apart and ties would decide the argmax.
SOFTMAX_DTYPE = "float32"
# The config's `zero_shot.engine` → what asks the model.
ENGINES = {"shared": SharedContextScorer, "lm_eval": HFLM}
# Sequences at a time of lm-eval's own engine; fixed, because it may change the last digits.
BATCH = 32


@contextmanager
def replaced(module: ModuleType, **attributes: object) -> Iterator[None]:
    """Give a module's attributes other values until the block ends."""
    before = {name: getattr(module, name) for name in attributes}
    vars(module).update(attributes)
    try:
        yield
    finally:
        vars(module).update(before)


def file_as_named(name: str, base_path: str, **_options: object) -> list[str]:
    """The path of a data file. `datasets` would take brackets in it for a pattern of names."""
    return [str(Path(base_path, name))]


@contextmanager
def private_cache() -> Iterator[None]:
    """Make `datasets` work offline, in a temporary folder that is its cache until the end.

    Its usual cache lies in the user's home and knows a local file by path and time alone: a file
    that was replaced within the clock's resolution, or restored with its time, would be served old.
    """
    with tempfile.TemporaryDirectory(prefix="heavytail-") as folder:
        settings = {
            "HF_HUB_OFFLINE": True,
            "HF_DATASETS_CACHE": Path(folder),
            "DOWNLOADED_DATASETS_PATH": Path(folder, "downloads"),
            "EXTRACTED_DATASETS_PATH": Path(folder, "extracted"),
        }
        naming = replaced(datasets.data_files, resolve_pattern=file_as_named)
        with replaced(datasets.config, **settings), naming:
            yield


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


def reproducible(results: dict[str, Any]) -> dict[str, Any]:
    """lm-eval's results object without what differs between equal runs, JSON-safe.

    Each task's `log_likelihoods`, [documents][choices], and `outcomes`, 1 for each document that
    counts as right for acc, else 0, take the place of its `samples`.
    """
    kept = without(results, DROPPED)
    kept["config"] = without(results["config"], DROPPED_OF_CONFIG)
    kept["configs"] = {}
    for task, config in results["configs"].items():
        metadata = without(config["metadata"], DROPPED_OF_METADATA)
        kept["configs"][task] = {**without(config, DROPPED_OF_TASK), "metadata": metadata}
    kept["log_likelihoods"] = {
        task: [[value for value, _ in sample["filtered_resps"]] for sample in samples]
        for task, samples in results["samples"].items()
    }
    kept["outcomes"] = {
        task: [int(sample["acc"]) for sample in samples]
        for task, samples in results["samples"].items()
    }
    return json_safe(kept)


def evaluate(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    tasks: list[str],
    include_path: str,
    bos: str,
    engine: str,
) -> dict[str, Any]:
    """Run tasks whose configurations lie under a folder, without shots, offline.

    Args:
        model: a causal language model, on the device where it is to run.
        tokenizer: its tokenizer.
        tasks: names of tasks.
        include_path: the folder of the tasks' YAML files; their data files are found from the
            working directory.
        bos: a key of ADD_BOS_TOKEN: whether a BOS token comes before a text.
        engine: a key of ENGINES.

    Returns:
        lm-eval's results object, JSON-safe, without what `DROPPED*` names; `config` also says
        how log-likelihoods were formed (`add_bos_token`, `softmax_dtype`), `log_likelihoods`
        holds them per task, [documents][choices], null where they are not finite, and `outcomes`
        says of each document whether acc counts it as right, 1 or 0.

    Raises:
        KeyError: a task has no configuration there.
    """
    formed = {"add_bos_token": ADD_BOS_TOKEN[bos], "softmax_dtype": SOFTMAX_DTYPE}
    scorer = ENGINES[engine](pretrained=model, tokenizer=tokenizer, batch_size=BATCH, **formed)
    # lm-eval would ask pip and others for the description of the machine that DROPPED leaves out.
    with private_cache(), replaced(collect_env, get_pretty_env_info=str):
        results = lm_eval.simple_evaluate(
            scorer,
            tasks=tasks,
            num_fewshot=0,
            batch_size=BATCH,
            bootstrap_iters=BOOTSTRAP_ITERATIONS,
            task_manager=TaskManager(include_path=include_path, include_defaults=False),
        )
    results["config"] |= formed
    return reproducible(results)


def broken(results: dict[str, Any]) -> dict[str, str]:
    """Task → what is wrong with it, for each task with a log-likelihood that is no finite number.

    lm-eval takes the argmax all the same: a model that says nan "chooses" the first choice of
    every document and scores like a guess, a number that looks right and means nothing.
    """
    reasons = {}
    for task, documents in results["log_likelihoods"].items():
        count = sum(None in document for document in documents)
        if count:
            documents = f"{count} of {len(documents)} documents"
            reasons[task] = f"{task}: the log-likelihood is not finite in {documents}"
    return reasons


def summary(results: dict[str, Any]) -> dict[str, Any]:
    """The numbers that tables show, of what `evaluate` returns.

    Returns:
        {"tasks": task → {"acc", "acc_stderr" and, where the task has it, "acc_norm",
        "acc_norm_stderr"}, "mean": the plain mean of acc over the tasks, "reason": None}. Where
        log-likelihoods are not finite, the task's numbers and the mean are None and the reason
        says where.
    """
    reasons = broken(results)
    tasks: dict[str, dict[str, Any]] = {}
    for task, numbers in results["results"].items():
        own = {name: numbers.get(f"{name},none") for name in NUMBERS if f"{name},none" in numbers}
        tasks[task] = dict.fromkeys(own) if task in reasons else own
    accuracies = [numbers["acc"] for numbers in tasks.values()]
    mean = None if reasons else math.fsum(accuracies) / len(accuracies)
    return {"tasks": tasks, "mean": mean, "reason": "; ".join(reasons.values()) or None}


def evaluate_zero_shot(
    model: str,
    pruned: Artifact | None,
    task_files: list[str],
    settings: ZeroShotSettings,
    output: str,
) -> None:
    """Write the record: accuracy per task, their mean, and lm-eval's own results object.

    Args:
        model: provenance.json in the model's folder.
        pruned: a cell of the model, None for the dense model.
        task_files: the tasks' YAML files, all in one folder.
        settings: "tasks" (their names), "bos" and "engine" (keys of ADD_BOS_TOKEN and ENGINES).
        output: JSON.
    """
    folder = Path(model).parent
    loaded = load_model(folder, device.pick(), pruned)
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    bos, engine = settings["bos"], settings["engine"]
    include_path = str(Path(task_files[0]).parent)
    results = evaluate(loaded, tokenizer, settings["tasks"], include_path, bos, engine)
    record = {
        **summary(results),
        "bos": bos,
        "engine": engine,
        "model": {key: read_json(model)[key] for key in ("source", "revision")},
        "realised_sparsity": pruned.realised_sparsity if pruned else 0.0,
        "device": loaded.device.type,
        "dtype": str(loaded.dtype),
        "versions": versions("torch", "transformers", "lm_eval"),
        "results": results,
    }
    write_json(output, record)
