"""Which numbers count, what they weigh in the mean, and when a number means nothing."""

import pytest
import torch
from transformers import AutoTokenizer

from heavytail.data.frozen_tasks import Entry, read_entry
from heavytail.evaluation.task_scores import counted, summary
from heavytail.evaluation.zero_shot import evaluate_entries
from heavytail.models.loading import load_model
from read_task import read_task
from support.own_tasks import write_own_tasks
from support.project import ROOT

OUTCOMES = {"a": [1, 0, 0, 0], "b": [1, 1]}
CHOICES = {"output_type": "multiple_choice", "metric_list": [{"metric": "acc"}]}


def group(**how) -> Entry:
    own = {"group": "g", "task": ["a", "b"], "aggregate_metric_list": [{"metric": "acc", **how}]}
    tasks = {name: CHOICES | {"task": name} for name in OUTCOMES}
    return Entry(scores={}, tasks=tasks, groups={"g": own}, features={}, metadata={})


def results(value: float, **changes) -> dict:
    found = {"a": 0.25, "b": 1.0, "g": value}
    return {
        "results": {name: {"acc,none": own, "alias": name} for name, own in found.items()},
        "group_subtasks": {"g": ["a", "b"]},
        "higher_is_better": {name: {"acc": True} for name in found},
        "n-shot": dict.fromkeys(found, 0),
        "config": {},
        "generated": {},
        "log_likelihoods": {name: [[-1.0]] for name in OUTCOMES},
        "outcomes": OUTCOMES,
    } | changes


@pytest.mark.parametrize(
    ("how", "value", "weights"),
    [
        ({}, 0.5, {"a": 4 / 6, "b": 2 / 6}),
        ({"weight_by_size": True}, 0.5, {"a": 4 / 6, "b": 2 / 6}),
        ({"weight_by_size": False}, 0.625, {"a": 0.5, "b": 0.5}),
    ],
)
def test_a_group_counts_as_lm_eval_forms_its_mean(how, value, weights):
    found = summary(results(value), [counted(group(**how), None)])
    assert list(found["scores"]) == ["g"] and found["mean"] == value
    assert found["weights"] == pytest.approx(weights)


def test_a_number_that_is_no_mean_of_shares_has_no_place_in_the_mean():
    found = summary(results(0.7), [counted(group(), None)])
    assert found["mean"] is None and found["reason"] is None and found["weights"] == {}
    assert found["scores"]["g"]["weight"] == 0 and found["tasks"]["g"] == {"acc": 0.7}
    worse = {name: {"acc": False} for name in ("a", "b", "g")}
    found = summary(results(0.5, higher_is_better=worse), [counted(group(), None)])
    assert found["mean"] is None and found["scores"]["g"]["higher"] is False


def test_a_task_that_says_nan_spoils_its_group():
    logs = {"a": [[None], [-1.0]], "b": [[-1.0]]}
    found = summary(results(0.5, log_likelihoods=logs), [counted(group(), None)])
    assert found["mean"] is None and found["tasks"] == {
        "a": {"acc": None},
        "b": {"acc": 1.0},
        "g": {"acc": None},
    }
    assert found["reason"] == "a: the log-likelihood is not finite in 1 of 2 documents"


@pytest.mark.parametrize("engine", ["shared", "lm_eval"])
def test_a_model_that_says_nan_where_it_generates_has_no_score(engine, tmp_path, monkeypatch):
    write_own_tasks(tmp_path)
    monkeypatch.chdir(tmp_path)
    read_task({"path": "writing.yaml"}, "out/writing.jsonl", "out/writing.yaml")
    folder = ROOT / "resources/standin"
    model = load_model(folder, torch.device("cpu")).float()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    settings = {"tasks": {"writing": {"limit": 2}}, "bos": "none", "engine": engine}

    def scored() -> dict:
        return summary(*evaluate_entries(model, tokenizer, ["out/writing.yaml"], settings))

    assert scored()["reason"] is None
    model.lm_head.weight.data.fill_(float("nan"))
    found = scored()
    assert found["reason"] == "writing: the model says nan where it generates"
    assert found["mean"] is None and set(found["tasks"]["writing"].values()) == {None}


def test_shots_bring_the_split_that_they_are_drawn_from(tmp_path, monkeypatch):
    write_own_tasks(tmp_path)
    monkeypatch.chdir(tmp_path)
    splits = {}
    for shots in (0, 2):
        read_task({"path": "writing.yaml", "shots": shots}, "out/w.jsonl", "out/w.yaml")
        config = read_entry("out/w.yaml")["tasks"]["writing"]
        assert config["num_fewshot"] == shots
        splits[shots] = list(config["dataset_kwargs"]["data_files"])
    assert splits == {0: ["test"], 2: ["test", "train"]}
