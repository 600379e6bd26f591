"""The tasks of a config: built-in rows, and others of lm-eval (standard library: parse time)."""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from heavytail.config.lm_eval_index import index
from heavytail.config.mistakes import fail, nearest, unknown
from heavytail.config.paths import found_file
from heavytail.config.task_files import read_task_file
from heavytail.config.tasks import TASKS, Task

WHERE = ("tasks",)
NAME = re.compile(r"[A-Za-z0-9][\w.-]*")


def all_tasks(chosen: Sequence[str | dict[str, Any]]) -> dict[str, Task]:
    """The tasks of a config by their names, in its order.

    Args:
        chosen: names, or mappings with "name" and, of a task of lm-eval, "revision" and "limit", or
            with the "path" of a local one.

    Raises SettingsError if there is no such task, or if it occurs twice.
    """
    found: dict[str, Task] = {}
    for entry in chosen:
        given = {"name": entry} if isinstance(entry, str) else dict(entry)
        local = "path" in given
        name = read_task_file(given["path"]).name if local else given.pop("name")
        if name in found:
            fail(WHERE, f": {name!r} occurs twice")
        found[name] = Task(**given) if local else _task(name, given)
    return found


def complete_tasks(chosen: Sequence[str | dict[str, Any]], folders: list[Path]) -> None:
    """Find the files of local tasks, changed in place; fails if a task is not usable."""
    for entry in chosen:
        if isinstance(entry, dict) and "path" in entry:
            where = (*WHERE, "path")
            entry["path"] = found_file(where, entry["path"], folders, read_task_file)
            name = read_task_file(entry["path"]).name
            if name in TASKS or not NAME.fullmatch(name):
                fail(where, f": {name!r} is the name of a built-in task, or none for a path")
    all_tasks(chosen)


def _task(name: str, given: dict[str, Any]) -> Task:
    if name in TASKS:
        row = TASKS[name]
        if row.folder is None and given:
            fail(WHERE, f": {name} is made on this machine and takes no {next(iter(given))}")
        return replace(row, **given)
    folders, groups = index()
    if name in groups and name not in folders:
        fail(WHERE, f": {name!r} is a group of lm-eval, expected names of tasks")
    if not folders:
        fail(WHERE, f": {name!r} is not built in, and lm-eval is not installed to look it up")
    if name not in folders:
        # Of eleven thousand names many are near: a built-in one is meant first.
        hint = nearest(name, TASKS)
        fail(WHERE, unknown("task", name, TASKS if hint.startswith("did") else folders))
    return Task(folders[name], **given)
