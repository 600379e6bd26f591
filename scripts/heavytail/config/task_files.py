"""The files of a local task or group of lm-eval's form (parse time and jobs)."""

from pathlib import Path
from typing import Any, NamedTuple

import yaml

from heavytail.config.lm_eval_configs import Resolved, resolved
from heavytail.config.lm_eval_index import index
from heavytail.config.shots import examples_split, scored_split

FORMATS = ("json", "parquet", "csv")


class LocalTask(NamedTuple):
    """A local task or group: its name, what it stands for, and all files that it is made of."""

    name: str
    found: Resolved
    files: list[Path]


def read_task_file(path: str | Path) -> LocalTask:
    """Read the YAML file of a task whose data lie beside it, or of a group whose tasks do.

    Raises ValueError, which names the file, if it is not such a file, or has code of its own.
    """
    path = Path(path)
    config = _read(path)
    name = config.get("group", config.get("task"))
    if not isinstance(name, str):
        raise ValueError(f"{path}: found no task: NAME")
    if "group" not in config:
        found = Resolved({name: config}, {}, [name])
        return LocalTask(name, found, [path, *data_files(path, config)])
    known = index(path.parent.resolve(), "*.yaml")
    try:
        found = resolved(name, path.parent, known)
    except (KeyError, ValueError) as error:
        raise ValueError(f"{path}: {str(error).strip(chr(39))}") from error
    files = [path]
    for task, own in found.tasks.items():
        if task not in known.tasks:
            raise ValueError(f"{path}: found no file with task: {task.rpartition('::')[2]}")
        file = path.parent / known.tasks[task]
        _read(file)
        files += [file, *data_files(file, own)]
    files += [path.parent / known.groups[group] for group in found.groups if group in known.groups]
    return LocalTask(name, found, list(dict.fromkeys(files)))


def _read(path: Path) -> dict[str, Any]:
    """A file of a local task or group."""
    try:
        config = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.constructor.ConstructorError as error:
        raise ValueError(f"{path}: has code of its own, which is never run") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: not YAML") from error
    if not isinstance(config, dict) or not ({"task", "group"} & set(config)):
        raise ValueError(f"{path}: found no task: NAME")
    if "include" in config:
        raise ValueError(f"{path}: include: not allowed, expected all of the task in one file")
    return config


def data_files(path: Path, config: dict[str, Any]) -> list[Path]:
    """The files of the splits that a task may need, which lie beside its own file."""
    if config.get("dataset_path") not in FORMATS:
        expected = f"expected one of {', '.join(FORMATS)}"
        raise ValueError(f"{path}: dataset_path: found {config.get('dataset_path')!r}, {expected}")
    places = (config.get("dataset_kwargs") or {}).get("data_files")
    scored = scored_split(config)
    if not isinstance(places, dict) or not isinstance(places.get(scored), str):
        raise ValueError(f"{path}: dataset_kwargs.data_files: found no file of the scored split")
    splits = dict.fromkeys((scored, examples_split(config)))
    found = [path.parent / places[split] for split in splits if isinstance(places.get(split), str)]
    for file in found:
        if not file.is_file():
            raise ValueError(f"{path}: the file {file.name!r} does not exist")
    return found
