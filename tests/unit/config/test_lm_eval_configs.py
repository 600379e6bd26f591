"""The tasks, groups and tags of lm-eval are those that lm-eval itself finds and forms."""

from pathlib import Path

import pytest
from lm_eval.tasks import TaskManager, _factory
from lm_eval.tasks._index import Kind
from lm_eval.tasks._yaml_loader import load_yaml

from heavytail.config import lm_eval_configs, lm_eval_scores
from heavytail.config.lm_eval_index import index, package

pytestmark = pytest.mark.slow
NAMES = ["mmlu", "glue", "leaderboard_bbh", "gsm8k", "lambada", "afrimmlu_tt-irokobench", "blimp"]


class Leaf:
    """A task that is its configuration, and asks for no data."""

    def __init__(self, config: dict) -> None:
        self.config, self.task_name = dict(config), config["task"]


def full(_factory: object, entry, overrides: dict | None = None) -> dict:
    return load_yaml(entry.yaml_path, resolve_func=False) | (overrides or {})


@pytest.fixture(scope="module")
def manager():
    return TaskManager()


def walked(item, tasks: dict, groups: dict) -> None:
    if isinstance(item, Leaf):
        tasks[item.task_name] = item.config
        return
    groups[item.name] = item.child_names
    for child in item:
        walked(child, tasks, groups)


def as_import_path(value):
    root = str(package().resolve())
    if isinstance(value, str) and value.startswith(f"{root}/"):
        return "lm_eval.tasks." + value.removeprefix(f"{root}/").replace("/", ".")
    if isinstance(value, dict):
        return {key: as_import_path(item) for key, item in value.items()}
    return [as_import_path(item) for item in value] if isinstance(value, list) else value


def test_the_index_has_lm_eval_s_names(manager):
    known = index(package())
    theirs = {kind: set() for kind in Kind}
    for name, entry in manager.task_index.items():
        theirs[entry.kind].add(name)
    # A class that a file takes from another is found when the task is read.
    assert set(known.tasks) | known.classes == theirs[Kind.TASK] | theirs[Kind.PY_TASK]
    assert known.classes <= theirs[Kind.PY_TASK]
    assert set(known.groups) == theirs[Kind.GROUP]
    tags = {name: manager.task_index[name].tags for name in theirs[Kind.TAG]}
    assert {name: set(own) for name, own in known.tags.items()} == tags
    for name, file in known.tasks.items():
        assert manager.task_index[name].yaml_path == (package() / file).resolve()


@pytest.mark.parametrize("name", NAMES)
def test_a_name_stands_for_what_lm_eval_makes_of_it(name, manager, monkeypatch):
    monkeypatch.setattr(_factory, "ConfigurableTask", Leaf)
    monkeypatch.setattr(_factory.TaskFactory, "_load_full_config", full)
    tasks, groups = {}, {}
    made = manager._load_spec(name)
    for item in made if isinstance(made, list) else [made]:
        walked(item, tasks, groups)
    found = lm_eval_configs.of_package(name)
    assert found.tasks == {key: as_import_path(config) for key, config in tasks.items()}
    assert {key: group["task"] for key, group in found.groups.items()} == groups


def test_the_number_that_counts_is_lm_eval_s_first():
    def scores(name: str) -> dict:
        return lm_eval_scores.scores(lm_eval_configs.of_package(name))

    assert scores("mmlu") == {"mmlu": ["acc,none"]}
    strict, flexible = scores("gsm8k")["gsm8k"]
    assert (strict, flexible) == ("exact_match,strict-match", "exact_match,flexible-extract")
    assert lm_eval_scores.chosen("exact_match", [strict, flexible]) == strict
    assert lm_eval_scores.chosen(flexible, [strict, flexible]) == flexible
    assert lm_eval_scores.chosen("acc", [strict]) is None
    assert scores("wikitext")["wikitext"][0] == "word_perplexity,none"
    # A tag has no mean of its own.
    assert len(scores("glue")) > 5 and "glue" not in scores("glue")


def test_tasks_of_one_name_in_a_group_are_refused(tmp_path: Path):
    (tmp_path / "a.yaml").write_text("task: a\noutput_type: multiple_choice\n")
    twice = "group: g\ntask: [{task: a, num_fewshot: 1}, {task: a, num_fewshot: 2}]\n"
    (tmp_path / "g.yaml").write_text(twice)
    with pytest.raises(ValueError, match="several of its tasks are called 'a'"):
        lm_eval_configs.resolved("g", tmp_path, index(tmp_path))
