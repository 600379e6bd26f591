"""Scores of tasks through lm-eval, as a record that a rerun repeats byte for byte."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import datasets
import lm_eval
import lm_eval.api.metrics
from lm_eval.tasks import TaskManager
from torch.utils import collect_env
from transformers import AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase

from heavytail.data.frozen_tasks import unpack
from heavytail.evaluation.generating import WatchedScorer
from heavytail.evaluation.lm_eval_record import reproducible
from heavytail.evaluation.settings import ZeroShotSettings
from heavytail.evaluation.shared_contexts import SharedContextScorer
from heavytail.evaluation.task_scores import Counted, counted, roots_of, summary
from heavytail.io.computed import versions
from heavytail.io.files import read_json, write_json
from heavytail.models import device
from heavytail.models.loading import load_model
from heavytail.pruning.artifact import Artifact

# Means have analytic standard errors, which lm-eval leaves out at 0 iterations.
BOOTSTRAP_ITERATIONS = 1
# The config's `zero_shot.bos` → lm-eval's add_bos_token. The reference results are older than
# lm-eval 0.4.9.2, which leaves the choice to the tokenizer if add_bos_token is not given.
ADD_BOS_TOKEN = {"none": False, "tokenizer": None}
# In bfloat16, log-likelihoods near -20 are 1/8 apart and ties would decide the argmax.
SOFTMAX_DTYPE = "float32"
# The config's `zero_shot.engine` → what asks the model.
ENGINES = {"shared": SharedContextScorer, "lm_eval": WatchedScorer}
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


def no_bootstrap(*_arguments: object, **_keywords: object) -> str:
    """What stands for a standard error that has no formula, as lm-eval writes it."""
    return "N/A"


def evaluate(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    tasks: list[str],
    include_path: str,
    bos: str,
    engine: str,
    limits: dict[str, int] | None = None,
    counts: dict[str, str] | None = None,
) -> dict[str, Any]:
    """Run tasks and groups whose configurations lie under a folder, offline.

    Args:
        model: a causal language model, on the device where it is to run.
        tokenizer: its tokenizer.
        tasks: names of tasks and groups.
        include_path: the folder of the YAML files; data files are found from the working directory.
        bos: a key of ADD_BOS_TOKEN: whether a BOS token comes before a text.
        engine: a key of ENGINES.
        limits: task → how many of its first documents are scored, if not all.
        counts: task → the number that counts; without an entry, acc.

    Returns:
        lm-eval's results object as `reproducible` keeps it; `config` also says how log-likelihoods
        were formed (`add_bos_token`, `softmax_dtype`), and `generated_nan` whether the model said
        nan where it generated. Log-likelihoods are null where they are not finite.

    Raises:
        KeyError: a task has no configuration there.
    """
    formed = {"add_bos_token": ADD_BOS_TOKEN[bos], "softmax_dtype": SOFTMAX_DTYPE}
    scorer = ENGINES[engine](pretrained=model, tokenizer=tokenizer, batch_size=BATCH, **formed)
    # lm-eval would ask pip and others for the description of the machine that DROPPED leaves out.
    apart = replaced(collect_env, get_pretty_env_info=str)
    bootstrap = replaced(lm_eval.api.metrics, bootstrap_stderr=no_bootstrap)
    with private_cache(), apart, bootstrap:
        manager = TaskManager(include_path=include_path, include_defaults=False)
        loaded = manager.load(tasks)
        chosen = {
            name: range(min(limit, len(loaded["tasks"][name].eval_docs)))
            for name, limit in (limits or {}).items()
        }
        results = lm_eval.simple_evaluate(
            scorer,
            tasks=[loaded["groups"].get(name) or loaded["tasks"][name] for name in roots(loaded)],
            samples=chosen or None,
            batch_size=BATCH,
            bootstrap_iters=BOOTSTRAP_ITERATIONS,
            task_manager=manager,
        )
    results["config"] |= {**formed, "generated_nan": scorer.generated_nan}
    return reproducible(results, dict.fromkeys(loaded["tasks"], "acc,none") | (counts or {}))


def roots(loaded: dict[str, Any]) -> list[str]:
    """The names that belong to no group, of what lm-eval loaded."""
    inner = {child for children in loaded["group_map"].values() for child in children}
    return [name for name in (*loaded["groups"], *loaded["tasks"]) if name not in inner]


def evaluate_entries(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    files: list[str],
    settings: ZeroShotSettings,
) -> tuple[dict[str, Any], list[Counted]]:
    """Run frozen entries of the config; lm-eval's results object, and the entries.

    Args:
        model, tokenizer: as of `evaluate`.
        files: the entries' YAML files, with their rows beside them.
        settings: of all entries.
    """
    limits: dict[str, int] = {}
    entries: list[Counted] = []
    with tempfile.TemporaryDirectory(prefix="heavytail-") as folder:
        for file in files:
            entry, told = unpack(file, folder), settings["tasks"][Path(file).stem]
            entries.append(counted(entry, told.get("metric")))
            if "limit" in told:
                limits |= dict.fromkeys(entry["tasks"], told["limit"])
        names = [name for entry in entries for name in roots_of(entry)]
        bos, engine = settings["bos"], settings["engine"]
        numbers = {task: number for entry in entries for task, number in entry["counts"].items()}
        given = names, folder, bos, engine, limits, numbers
        return evaluate(model, tokenizer, *given), entries


def evaluate_zero_shot(
    model: str,
    pruned: Artifact | None,
    task_files: list[str],
    settings: ZeroShotSettings,
    output: str,
) -> None:
    """Write the record: the numbers of each task, their mean, and lm-eval's own results object.

    Args:
        model: provenance.json in the model's folder.
        pruned: a cell of the model, None for the dense model.
        task_files: the entries' YAML files, with their rows beside them.
        settings: "tasks" (entry → "limit" and "metric"), "bos" and "engine" (keys of ADD_BOS_TOKEN
            and ENGINES).
        output: JSON.
    """
    folder = Path(model).parent
    loaded = load_model(folder, device.pick(), pruned)
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    results, entries = evaluate_entries(loaded, tokenizer, task_files, settings)
    record = {
        **summary(results, entries),
        "bos": settings["bos"],
        "engine": settings["engine"],
        "model": {key: read_json(model)[key] for key in ("source", "revision")},
        "realised_sparsity": pruned.realised_sparsity if pruned else 0.0,
        "device": loaded.device.type,
        "dtype": str(loaded.dtype),
        "versions": versions("torch", "transformers", "lm_eval"),
        "results": results,
    }
    write_json(output, record)
