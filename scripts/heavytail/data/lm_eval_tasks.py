"""Freeze lm-eval's tasks and groups to local files, so that evaluation needs no network."""

import tempfile
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, NotRequired, TypedDict

import datasets

from heavytail.config import lm_eval_scores
from heavytail.config.lm_eval_configs import Resolved, of_package
from heavytail.config.lm_eval_needs import lacks
from heavytail.config.shots import examples_needed, examples_split, shots_of, with_shots
from heavytail.config.task_files import read_task_file
from heavytail.data import hub_data
from heavytail.data.frozen_tasks import Entry, Rows, in_json
from heavytail.io.files import sha256

Splits = dict[str, datasets.Dataset]


class TaskSettings(TypedDict):
    """A task's or group's name, its folder below lm_eval/tasks, and the commit of its data.

    Without a commit the newest is taken. `shots` is the number of examples, without this key the
    task's own.
    """

    task: str
    folder: str
    revision: str | None
    shots: NotRequired[int]


class LocalSettings(TypedDict):
    """The YAML file of a local task or group; `shots` as of TaskSettings."""

    path: str
    shots: NotRequired[int]


def freeze(settings: TaskSettings) -> tuple[Entry, Rows]:
    """A task or a group of lm-eval, with the rows of the splits that it needs.

    Prompts, filters and metrics are lm-eval's. The `metadata` of each task names its data set, the
    revision and the split that is scored.

    Raises:
        ValueError: lm-eval has no such task there, or it cannot be scored here.
        FetchError: the hub does not deliver the data.
    """
    found = of_package(settings["task"], settings["folder"])
    for name, config in found.tasks.items():
        if reason := lacks(config):
            raise ValueError(f"{name}: {reason}")
    newest = cache(lambda repository: settings["revision"] or hub_data.newest(repository))

    def fetched(config: dict[str, Any], splits: list[str]) -> tuple[Splits, dict[str, Any]]:
        repository, name = config["dataset_path"], config.get("dataset_name")
        revision, wanted = newest(repository), _arguments(config)
        own = hub_data.load_splits(repository, revision, splits, name=name, **wanted)
        return own, {"dataset": repository, "name": name, "revision": revision}

    return _frozen(found, settings.get("shots"), fetched)


def freeze_local(settings: LocalSettings) -> tuple[Entry, Rows]:
    """A task or a group of local files; the `metadata` has the SHA-256 of each.

    Raises ValueError if a file is not that of a task, or if it cannot be scored here.
    """
    local = read_task_file(settings["path"])
    folder = Path(settings["path"]).parent
    for name, config in local.found.tasks.items():
        if reason := lacks(config, local=True):
            raise ValueError(f"{name}: {reason}")

    def read(config: dict[str, Any], splits: list[str]) -> tuple[Splits, dict[str, Any]]:
        given = config["dataset_kwargs"]
        files = {split: str(folder / given["data_files"][split]) for split in splits}
        wanted = {key: value for key, value in given.items() if key != "data_files"}
        with tempfile.TemporaryDirectory() as place:
            own = datasets.load_dataset(
                config["dataset_path"], data_files=files, cache_dir=place, **wanted
            )
            # The rows are read before the folder goes.
            kept = {split: _in_memory(own[split]) for split in splits}
        scored = Path(files[splits[0]])
        return kept, {"dataset": scored.name, "dataset_sha256": sha256(scored)}

    entry, rows = _frozen(local.found, settings.get("shots"), read)
    entry["metadata"]["files"] = {file.name: sha256(file) for file in local.files}
    return entry, rows


def _in_memory(found: datasets.Dataset) -> datasets.Dataset:
    """A data set that needs no file any more."""
    return datasets.Dataset.from_list([dict(row) for row in found], features=found.features)


def _arguments(config: dict[str, Any]) -> dict[str, Any]:
    """What `datasets.load_dataset` is told of a task's data beside their name."""
    given = config.get("dataset_kwargs") or {}
    return {key: value for key, value in given.items() if key != "trust_remote_code"}


def _frozen(found: Resolved, shots: int | None, load: Any) -> tuple[Entry, Rows]:
    """The entry of what a name stands for.

    Args:
        found: the tasks and groups.
        shots: as of TaskSettings.
        load: gives the splits of a configuration, and what is to be said of their origin.
    """
    rows: Rows = {}
    features: dict[str, Any] = {}
    tasks: dict[str, dict[str, Any]] = {}
    origins: list[dict[str, Any]] = []
    for name, config in found.tasks.items():
        number = shots_of(config, shots)
        own, splits = with_shots(config, number)
        keys = {split: _key(config, split) for split in splits}
        told = next((o for o in origins if o["keys"] == keys), None)
        if told is None:
            data, origin = load(config, splits)
            for split, key in keys.items():
                rows[key], features[key] = in_json(data[split])
            told = {"keys": keys, **origin}
            origins.append(told)
        origin = {key: value for key, value in told.items() if key != "keys"}
        source = examples_split(config) if number else None
        if source and len(rows[keys[source]]) < examples_needed(config, number):
            raise ValueError(f"{name}: its data have fewer than {number} examples")
        metadata = {**(config.get("metadata") or {}), **origin, "split": splits[0]}
        tasks[name] = own | {
            "dataset_path": "parquet",
            "dataset_name": None,
            "dataset_kwargs": {"data_files": keys},
            "metric_list": _named(config),
            "metadata": metadata | {"lm_eval": version("lm_eval")},
        }
    chosen = {name: own[0] for name, own in lm_eval_scores.scores(found).items()}
    about = {key: _joined(key, origins) for key in ("dataset", "name", "revision")}
    told_of = {key: value for key, value in about.items() if value}
    metadata = told_of | {"lm_eval": version("lm_eval")}
    return Entry(
        scores=chosen, tasks=tasks, groups=found.groups, features=features, metadata=metadata
    ), rows


def _key(config: dict[str, Any], split: str) -> str:
    """The name of the data that a split of a task has."""
    given = config.get("dataset_kwargs") or {}
    parts = [config["dataset_path"], config.get("dataset_name"), given.get("data_files"), split]
    return " ".join(str(part) for part in parts if part)


def _named(config: dict[str, Any]) -> list[dict[str, Any]] | None:
    """The metrics of a task, which are to be found by name in lm-eval and nowhere else."""
    listed = config.get("metric_list")
    return listed and [{k: v for k, v in one.items() if k != "hf_evaluate"} for one in listed]


def _joined(key: str, origins: list[dict[str, Any]]) -> str:
    """What all origins say of something, each once."""
    return ", ".join(dict.fromkeys(str(origin[key]) for origin in origins if origin.get(key)))
