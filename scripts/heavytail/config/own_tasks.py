"""The tasks of a config: built-in rows, others of lm-eval, and local ones (parse time).

PyYAML, which Snakemake needs itself, reads their files. lm-eval is looked at and not imported.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from heavytail.config import lm_eval_scores
from heavytail.config.lm_eval_configs import Resolved, of_package
from heavytail.config.lm_eval_index import index, package
from heavytail.config.lm_eval_needs import lacks
from heavytail.config.mistakes import SettingsError, fail, nearest, unknown
from heavytail.config.paths import found_file
from heavytail.config.shots import shots_of, with_shots
from heavytail.config.task_files import read_task_file
from heavytail.config.tasks import TASKS, Task

WHERE = ("tasks",)
NAME = re.compile(r"[A-Za-z0-9][\w.-]*")
# What a task that is made on this machine may be told.
OF_MADE = ("limit", "metric")
# Tokens of an example or a question with its answer, and of a prompt: hardly any has more.
EXAMPLE_TOKENS, PROMPT_TOKENS = 256, 512
# What lm-eval lets a model write, and where a task may say another number of tokens.
WRITTEN = 256
LIMITS = ("max_gen_toks", "max_new_tokens", "max_tokens", "max_completion_tokens")
# The numbers of such a task.
MADE = {"": ["acc,none", "acc_norm,none"]}


def all_tasks(chosen: Sequence[str | dict[str, Any]]) -> dict[str, Task]:
    """The tasks of a config by their names, in its order.

    Args:
        chosen: names, or mappings with "name" and, of a task of lm-eval, "revision" and "shots", or
            with the "path" of a local one; "limit" and "metric" of any.

    Raises SettingsError if there is no such task, if it occurs twice, or if it cannot be scored.
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
    """Find the files of local tasks, changed in place; fails if a task is not usable.

    Only its file tells a task's name: a job on another machine needs it too, at the same place.
    """
    for entry in chosen:
        if isinstance(entry, dict) and "path" in entry:
            where = (*WHERE, "path")
            entry["path"] = found_file(where, entry["path"], folders or [Path()], read_task_file)
            name = read_task_file(entry["path"]).name
            if name in TASKS or not NAME.fullmatch(name):
                fail(where, f": {name!r} is the name of a built-in task, or none for a path")
    owners: dict[str, str] = {}
    for name, task in all_tasks(chosen).items():
        made = task.folder is None and task.path is None
        for inner in [name] if made else _check(name, task):
            if inner in owners:
                fail(WHERE, f": {inner!r} belongs to {owners[inner]!r} and to {name!r}")
            owners[inner] = name
        if made:
            _check_metric(name, task, MADE)


def resolved_task(name: str, task: Task) -> Resolved:
    """The tasks and groups that an entry of the config stands for, of lm-eval or local."""
    if task.path:
        return read_task_file(task.path).found
    return of_package(name, task.folder or ".")


def longest_text(tasks: dict[str, Task]) -> int:
    """The tokens of a long prompt with all that a model may write behind it; 0 if it never may."""
    found = [0]
    for name, task in tasks.items():
        made = task.folder is None and task.path is None
        for config in {} if made else resolved_task(name, task).tasks.values():
            if config.get("output_type", "generate_until") == "generate_until":
                prompt = (shots_of(config, task.shots) + 1) * EXAMPLE_TOKENS
                told = config.get("generation_kwargs") or {}
                written = next((told[key] for key in LIMITS if told.get(key)), WRITTEN)
                found.append(max(prompt, PROMPT_TOKENS) + int(written))
    return max(found)


def _task(name: str, given: dict[str, Any]) -> Task:
    """The task of a name, of a config that may say more of it."""
    if name in TASKS:
        row = TASKS[name]
        refused = next((key for key in given if key not in OF_MADE), None)
        if row.folder is None and refused:
            fail(WHERE, f": {name} is made on this machine and takes no {refused}")
        return replace(row, **given)
    root = package()
    if root is None:
        fail(WHERE, f": {name!r} is not built in, and lm-eval is not installed to look it up")
    known = index(root)
    if name in known.classes:
        fail(WHERE, f": {name}: is a class of Python, whose data and prompts no file says")
    if name in known.tasks:
        return Task(Path(known.tasks[name]).parent.as_posix(), **given)
    if name in known.groups or name in known.tags:
        return Task(".", **given)
    # Of fifteen thousand names many are near: a built-in one is meant first.
    hint = nearest(name, TASKS)
    names = [*known.tasks, *known.groups, *known.tags]
    fail(WHERE, unknown("task", name, TASKS if hint.startswith("did") else names))


def _check(name: str, task: Task) -> list[str]:
    """Fail if a task or one of a group's cannot be scored as the config says; their names."""
    try:
        found = resolved_task(name, task)
        for leaf, config in found.tasks.items():
            own = name if leaf == name else f"{name}, {leaf}"
            if reason := lacks(config, local=task.path is not None):
                fail(WHERE, f": {own}: {reason}")
            _, splits = with_shots(config, shots_of(config, task.shots))
            files = (config.get("dataset_kwargs") or {}).get("data_files") or {}
            if task.path and not set(splits) <= set(files):
                fail(WHERE, f": {own}: found no file of the split {splits[-1]!r}, for its shots")
    except SettingsError:
        raise
    except (OSError, ValueError) as error:
        fail(WHERE, f": {name}: {error}")
    if not found.tasks:
        fail(WHERE, f": {name}: lm-eval has no tasks of this group")
    if task.revision and len({config.get("dataset_path") for config in found.tasks.values()}) > 1:
        fail((*WHERE, "revision"), f": {name} has several data sets, which share no commit")
    _check_metric(name, task, lm_eval_scores.scores(found))
    return [*found.tasks, *found.groups]


def _check_metric(name: str, task: Task, scores: dict[str, list[str]]) -> None:
    """Fail if the metric of the config is none of what stands in tables."""
    for own in scores.values():
        if lm_eval_scores.chosen(task.metric, own) is None:
            names = [*dict.fromkeys(number.partition(",")[0] for number in own), *own]
            names = [number.removesuffix(",none") for number in names]
            fail(
                (*WHERE, "metric"), unknown(f"metric of {name}", task.metric, dict.fromkeys(names))
            )
