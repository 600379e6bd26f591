"""The configurations of lm-eval's tasks and groups, read without importing lm-eval (parse time).

They are what lm-eval itself makes of the same files: includes and the overrides of groups are
resolved. Functions stay import paths, and nothing is imported or executed.
"""

from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from heavytail.config.lm_eval_index import Index, index, package

Config = dict[str, Any]
# What a group says of itself; anything else overrides the configurations of its tasks.
OF_GROUP = ("group", "group_alias", "task", "aggregate_metric_list", "metadata")
# What of a task's file is no part of its configuration.
STRUCTURE = ("tag", "group", "task_list")


class Function(str):
    """The import path of a function that a task uses."""


class Resolved(NamedTuple):
    """What a name stands for: tasks and groups by their names, and those of the first level."""

    tasks: dict[str, Config]
    groups: dict[str, Config]
    top: list[str]


def resolved(name: str, root: Path, known: Index) -> Resolved:
    """The tasks and groups of a name, as lm-eval forms them.

    Args:
        name: of a task, a group or a tag.
        root: the folder of the files.
        known: its index.

    Raises:
        KeyError: there is no such name.
        ValueError: tasks of a group end up with one name, or a file is not as lm-eval has it.
    """
    found = _Members(root, known)
    if name in known.tags:
        tagged = sorted(known.tags[name])
        return Resolved(found.tasks, found.groups, [found.member(one, {}) for one in tagged])
    return Resolved(found.tasks, found.groups, [found.member(name, {})])


class _Members:
    """Collects what a name stands for."""

    def __init__(self, root: Path, known: Index) -> None:
        self.root, self.known = root, known
        self.tasks: dict[str, Config] = {}
        self.groups: dict[str, Config] = {}

    def member(self, name: str, overrides: Config) -> str:
        """Collect a task or a group, and return its name."""
        if name in self.known.groups:
            return self.group(name, load(self.root / self.known.groups[name]), overrides)
        return self.task(load(self.root / self.known.tasks[name]) | overrides)

    def task(self, config: Config) -> str:
        """Collect a task."""
        name = str(config["task"])
        own = {key: value for key, value in config.items() if key not in STRUCTURE}
        if self.tasks.setdefault(name, own) != own:
            raise ValueError(f"several of its tasks are called {name!r}")
        return name

    def group(self, name: str, raw: Config, overrides: Config) -> str:
        """Collect a group and its members."""
        inner = {key: value for key, value in raw.items() if key not in OF_GROUP} | overrides
        members = raw.get("task") if isinstance(raw.get("task"), list) else []
        names = [own for item in members or [] for own in self.members(name, item, inner)]
        own = {key: raw[key] for key in OF_GROUP if key in raw}
        self.groups[name] = own | {"group": name, "task": list(dict.fromkeys(names))}
        return name

    def members(self, group: str, item: str | Config, overrides: Config) -> list[str]:
        """Collect what an item of a group's list stands for, and return the names."""
        if isinstance(item, dict) and "group" in item:
            if item["group"] in self.known.groups:
                own = {key: value for key, value in item.items() if key != "group"}
                return [self.member(item["group"], overrides | own)]
            return [self.group(f"{group}::{item['group']}", item, overrides)]
        if isinstance(item, dict) and "task" not in item:
            raise ValueError(f"{group}: found a member without a name")
        name = item if isinstance(item, str) else item["task"]
        own = overrides if isinstance(item, str) else overrides | item
        if name in self.known.tags:
            tagged = sorted(self.known.tags[name])
            return [self.member(one, {"task": one} | own) for one in tagged]
        if name in self.known.groups:
            return [self.member(name, own)]
        if name in self.known.tasks:
            return [self.member(name, {"task": name} | own)]
        return [self.task(own | {"task": f"{group}::{name}"})]


def load(path: Path) -> Config:
    """A file of lm-eval with what it includes; what it says itself counts more."""
    config = dict(_read(path.resolve()))
    includes = config.pop("include", [])
    merged: Config = {}
    for name in includes if isinstance(includes, list) else [includes]:
        inner = load(path.parent / name)
        inner.pop("task_list", None)
        merged |= inner
    return merged | config


@cache
def _read(path: Path) -> Config:
    """What a file itself says."""

    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
        """Reads lm-eval's `!function`."""

    def function(loader: Any, node: Any) -> Function:
        return _import_path(str(loader.construct_scalar(node)), path.parent)

    Loader.add_constructor("!function", function)
    found = yaml.load(path.read_bytes(), Loader)
    if not isinstance(found, dict):
        raise ValueError(f"{path.name}: found no mapping")
    return found


def _import_path(name: str, folder: Path) -> Function:
    """A function that a file names, by the module beside the file or by any other."""
    module, _, function = name.rpartition(".")
    file = folder / f"{module.replace('.', '/')}.py"
    root = package()
    if root is None or not file.is_file() or not file.resolve().is_relative_to(root.resolve()):
        return Function(name)
    place = file.resolve().relative_to(root.resolve()).with_suffix("").parts
    return Function(".".join(("lm_eval.tasks", *place, function)))


def of_package(name: str, folder: str = ".") -> Resolved:
    """The tasks and groups of a name in lm-eval's own package.

    Args:
        name: of a task, a group or a tag.
        folder: below lm_eval/tasks; that of a task's own file is read faster than all of them.

    Raises ValueError if lm-eval is not installed or has no such name there.
    """
    root = package()
    if root is None:
        raise ValueError("lm-eval is not installed")
    try:
        return resolved(name, root / folder, index(root / folder))
    except KeyError as error:
        raise ValueError(f"lm_eval/tasks/{folder}: found no task {name!r}") from error
