"""Freeze lm-eval's zero-shot tasks to local files, so that evaluation needs no network."""

import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any, NotRequired, TypedDict

import datasets
import lm_eval.tasks
import yaml

from heavytail.config.task_files import read_task_file
from heavytail.data import hub_data
from heavytail.io.files import sha256

BUILT_IN = "lm_eval.tasks"
# The kinds of tasks that likelihoods of given texts score.
LIKELIHOODS = ("multiple_choice", "loglikelihood")
# The metrics that records keep; others, such as a perplexity of answers, need a bootstrap.
METRICS = ("acc", "acc_norm")


class TaskSettings(TypedDict):
    """A task's name, its folder below lm_eval/tasks, and the commit of its data on the hub.

    Without a commit the newest is taken. `limit` is the number of documents that are scored.
    """

    task: str
    folder: str
    revision: str | None
    limit: NotRequired[int]


class LocalSettings(TypedDict):
    """The YAML file of a local task; `limit` is the number of documents that are scored."""

    path: str
    limit: NotRequired[int]


class Function(str):
    """The import path of a function of lm-eval that a task uses."""


class _Dumper(yaml.SafeDumper):
    """Writes `Function` as lm-eval's `!function`."""


_Dumper.add_representer(
    Function, lambda dumper, name: dumper.represent_scalar("!function", str(name))
)


def to_yaml(config: dict[str, Any]) -> str:
    """The configuration of a task in the form that lm-eval reads."""
    return yaml.dump(config, Dumper=_Dumper, sort_keys=False, allow_unicode=True)


def built_in(task: str, folder: str) -> dict[str, Any]:
    """lm-eval's own configuration of a task in a folder of lm_eval/tasks, with includes resolved.

    Functions are given as import paths, so that nothing depends on where lm-eval is installed.

    Raises ValueError if the folder has no such task.
    """
    root = Path(lm_eval.tasks.__file__).resolve().parent
    manager = lm_eval.tasks.TaskManager(include_path=root / folder, include_defaults=False)
    if task not in manager.task_index:
        raise ValueError(f"lm_eval/tasks/{folder}: found no task {task!r}")
    return {
        key: Function(f"{BUILT_IN}.{Path(value).relative_to(root).as_posix().replace('/', '.')}")
        if isinstance(value, str) and value.startswith(f"{root}/")
        else value
        for key, value in manager.task_index[task].cfg.items()
    }


def check(task: str, config: dict[str, Any]) -> None:
    """Raise ValueError, in one line, if a task cannot be scored from frozen rows by likelihoods."""
    kind = config.get("output_type")
    if kind not in LIKELIHOODS:
        raise ValueError(f"{task}: scores by {kind}, expected {' or '.join(LIKELIHOODS)}")
    if "acc" not in [metric["metric"] for metric in config.get("metric_list", [])]:
        raise ValueError(f"{task}: has no metric acc, which the mean over tasks averages")
    more = set(config.get("dataset_kwargs") or {}) - {"trust_remote_code"}
    if more:
        raise ValueError(f"{task}: its data set needs {', '.join(sorted(more))}, expected a name")
    if not (config.get("test_split") or config.get("validation_split")):
        raise ValueError(f"{task}: has no split that is scored")


def freeze_local(
    settings: LocalSettings, data_file: str
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A task of a local YAML file, with its data as a local file.

    Args:
        settings: the task.
        data_file: the path where the evaluation will find the rows (JSON Lines).

    Returns:
        As of `freeze`. `metadata` names the two files and their SHA-256.

    Raises:
        ValueError: the file is not that of a task, or it cannot be scored here.
    """
    task = read_task_file(settings["path"])
    kwargs = {k: v for k, v in task.config["dataset_kwargs"].items() if k != "data_files"}
    check(task.name, task.config | {"dataset_kwargs": None})
    with tempfile.TemporaryDirectory() as cache:
        files = {task.split: str(task.data)}
        where: dict[str, Any] = {"data_files": files, "split": task.split, "cache_dir": cache}
        found = datasets.load_dataset(task.config["dataset_path"], **where, **kwargs)
        rows = [dict(row) for row in found][: settings.get("limit")]
    files = {"file": Path(settings["path"]).name, "file_sha256": sha256(settings["path"])}
    files |= {"dataset": task.data.name, "dataset_sha256": sha256(task.data)}
    return task.config | _local(task.config, data_file, files), rows


def _local(config: dict[str, Any], data_file: str, origin: dict[str, Any]) -> dict[str, Any]:
    """What a frozen task has in place of its own entries."""
    return {
        "dataset_path": "json",
        "dataset_name": None,
        "dataset_kwargs": {"data_files": {"test": data_file}},
        "training_split": None,
        "validation_split": None,
        "test_split": "test",
        "metric_list": [one for one in config["metric_list"] if one["metric"] in METRICS],
        "metadata": {**config.get("metadata", {}), **origin, "lm_eval": version("lm_eval")},
    }


def freeze(settings: TaskSettings, data_file: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A built-in task, with its data as a local file.

    Args:
        settings: "task", its name; "folder", as of `built_in`; "revision", the commit of its data,
            None for the newest; "limit", of so many documents the first.
        data_file: the path where the evaluation will find the rows (JSON Lines).

    Returns:
        (configuration for `to_yaml`, rows of the split that lm-eval scores). Prompts and metrics
        are lm-eval's. `metadata` names the data set, its revision and its split.

    Raises:
        ValueError: lm-eval has no such task there, or it cannot be scored here.
        FetchError: the hub does not deliver the data.
    """
    config = built_in(settings["task"], settings["folder"])
    check(settings["task"], config)
    repository, name = config["dataset_path"], config.get("dataset_name")
    revision = settings["revision"] or hub_data.newest(repository)
    split = config.get("test_split") or config["validation_split"]
    rows = [dict(row) for row in hub_data.load(repository, revision, split, name=name)]
    rows = rows[: settings.get("limit")]
    origin = {"dataset": repository, "name": name, "split": split, "revision": revision}
    return config | _local(config, data_file, origin), rows
