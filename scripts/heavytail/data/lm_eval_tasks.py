"""lm-eval's built-in zero-shot tasks, frozen to local files so that evaluation needs no network."""

from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import lm_eval.tasks
import yaml

from heavytail.data import hub_data

BUILT_IN = "lm_eval.tasks"


@dataclass(frozen=True)
class Source:
    """Where lm-eval keeps a task, and the hub's revision of its data set."""

    folder: str
    revision: str


# The seven tasks of the notes; two of them share a data set.
TASKS = {
    "arc_easy": Source("arc", "210d026faf9955653af8916fad021475a3f00453"),
    "arc_challenge": Source("arc", "210d026faf9955653af8916fad021475a3f00453"),
    "rte": Source("glue/rte", "bcdcba79d07bc864c1c254ccfcedcce55bcc9a8c"),
    "winogrande": Source("winogrande", "01e74176c63542e6b0bcb004dcdea22d94fb67b5"),
    "openbookqa": Source("openbookqa", "388097ea7776314e93a529163e0fea805b8a6454"),
    "hellaswag": Source("hellaswag", "218ec52e09a7e7462a5400043bb9a69a41d06b76"),
    "boolq": Source("super_glue/boolq", "3de24cf8022e94f4ee4b9d55a6f539891524d646"),
}


class Function(str):
    """The import path of a function of lm-eval that takes part in a task."""


class _Dumper(yaml.SafeDumper):
    """Writes `Function` as lm-eval's `!function`."""


_Dumper.add_representer(
    Function, lambda dumper, name: dumper.represent_scalar("!function", str(name))
)


def to_yaml(config: dict) -> str:
    """A task's configuration as lm-eval reads it."""
    return yaml.dump(config, Dumper=_Dumper, sort_keys=False, allow_unicode=True)


def built_in(task: str) -> dict:
    """lm-eval's own configuration of one of the seven tasks, includes resolved.

    Its functions come as import paths, so that nothing depends on where lm-eval is installed.
    """
    root = Path(lm_eval.tasks.__file__).resolve().parent
    manager = lm_eval.tasks.TaskManager(
        include_path=root / TASKS[task].folder, include_defaults=False
    )
    return {
        key: Function(f"{BUILT_IN}.{Path(value).relative_to(root).as_posix().replace('/', '.')}")
        if isinstance(value, str) and value.startswith(f"{root}/")
        else value
        for key, value in manager.task_index[task].cfg.items()
    }


def freeze(task: str, data_file: str) -> tuple[dict, list[dict]]:
    """A built-in task with its data beside it.

    Args:
        task: a key of `TASKS`.
        data_file: where the rows will lie (JSON Lines), as the evaluation will see it.

    Returns:
        (configuration for `to_yaml`, rows of the split that lm-eval scores). Prompts and metrics
        stay lm-eval's; `metadata` says which data set, revision and split it was.

    Raises:
        KeyError: no such task.
        FetchError: the hub does not deliver the data.
    """
    config, revision = built_in(task), TASKS[task].revision
    repository, name = config["dataset_path"], config.get("dataset_name")
    split = config.get("test_split") or config["validation_split"]
    rows = [dict(row) for row in hub_data.load(repository, revision, split, name=name)]
    origin = {"dataset": repository, "name": name, "split": split, "revision": revision}
    local = {
        "dataset_path": "json",
        "dataset_name": None,
        "dataset_kwargs": {"data_files": {"test": data_file}},
        "training_split": None,
        "validation_split": None,
        "test_split": "test",
        "metadata": {**config["metadata"], **origin, "lm_eval": version("lm_eval")},
    }
    return config | local, rows
