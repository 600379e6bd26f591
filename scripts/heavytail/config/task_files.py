"""The files of a local task of lm-eval's form (parse time and jobs)."""

from pathlib import Path
from typing import Any, NamedTuple

import yaml

FORMATS = ("json", "parquet", "csv")
SCORED = ("test_split", "validation_split")


class LocalTask(NamedTuple):
    """A local task: its name, its configuration, the split that is scored, and the file of that."""

    name: str
    config: dict[str, Any]
    split: str
    data: Path


def read_task_file(path: str | Path) -> LocalTask:
    """Read the YAML file of a task whose data lie beside it.

    Raises ValueError, which names the file, if it is not such a file, or has code of its own.
    """
    path = Path(path)
    try:
        config = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.constructor.ConstructorError as error:
        raise ValueError(f"{path}: has code of its own, which is never run") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: not YAML") from error
    if not isinstance(config, dict) or not isinstance(config.get("task"), str):
        raise ValueError(f"{path}: found no task: NAME")
    if "include" in config:
        raise ValueError(f"{path}: include: not allowed, expected all of the task in one file")
    if config.get("dataset_path") not in FORMATS:
        expected = f"expected one of {', '.join(FORMATS)}"
        raise ValueError(f"{path}: dataset_path: found {config.get('dataset_path')!r}, {expected}")
    split = next((config[key] for key in SCORED if config.get(key)), None)
    files = (config.get("dataset_kwargs") or {}).get("data_files")
    place = files.get(split) if isinstance(files, dict) else None
    if not isinstance(place, str):
        raise ValueError(f"{path}: dataset_kwargs.data_files: found no file of the scored split")
    data = path.parent / place
    if not data.is_file():
        raise ValueError(f"{path}: the file {place!r} does not exist")
    return LocalTask(config["task"], config, str(split), data)
