"""Groups of lm-eval with data of the hub: frozen at one commit, scored as by lm-eval itself."""

from pathlib import Path

import lm_eval
import pytest
from lm_eval.models.huggingface import HFLM
from lm_eval.tasks import TaskManager
from transformers import AutoModelForCausalLM, AutoTokenizer

from fetch_task import fetch_task
from heavytail.config import own_tasks
from heavytail.config.lm_eval_configs import of_package
from heavytail.config.shots import examples_split, scored_split
from heavytail.data.frozen_tasks import read_entry, unpack
from heavytail.evaluation import zero_shot
from heavytail.io.files import read_lines
from support.data_sets import publish_task

pytestmark = pytest.mark.slow
COMMIT, LATER = "3" * 40, "4" * 40
ROW = {"choices": ["red", "green", "blue", "none"], "subject": "colours", "target": "True"}


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A working directory without anything."""
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")


def publish_group(hub, name: str) -> list[str]:
    """Let the hub serve the data of all tasks of a group, and return the tasks."""
    found = of_package(name).tasks
    for task, config in found.items():
        # Tasks of different sizes: then a mean over tasks is not one over questions.
        rows = [
            ROW | {"question": f"{task} {n}?", "input": f"{task} {n}", "answer": n % 4}
            for n in range(2 + len(task) % 3)
        ]
        own = config["dataset_path"], config["dataset_name"], scored_split(config), rows
        publish_task(hub, Path("../hub"), COMMIT, *own, examples_split(config) or "train")
    return list(found)


def freeze(name: str, **told: int) -> dict:
    """The entry of a group whose commit the config does not give, as its job freezes it."""
    ((_, task),) = own_tasks.all_tasks([{"name": name, **told}]).items()
    assert task.revision is None
    settings = {"task": name, "folder": task.folder, "revision": None, **told}
    fetch_task(settings, f"{name}.jsonl", f"{name}.yaml")
    return read_entry(f"{name}.yaml")


@pytest.mark.parametrize(
    ("name", "number", "score"),
    [("mmlu", 57, "acc,none"), ("bbh_cot_fewshot", 27, "exact_match,get-answer")],
)
def test_a_group_is_frozen_at_one_commit_that_is_asked_for_once(hub, place, name, number, score):
    tasks = publish_group(hub, name)
    entry = freeze(name)
    assert len(tasks) == number and list(entry["tasks"]) == tasks
    assert entry["scores"] == {name: score}
    commits = {config["metadata"]["revision"] for config in entry["tasks"].values()}
    assert commits == {COMMIT} == {entry["metadata"]["revision"]}
    # The commit by its name is asked for with every file, the newest one once.
    dataset = entry["metadata"]["dataset"]
    assert len([r for r in hub.requests if r == f"GET api/datasets/{dataset}"]) == 1
    of = {line["of"] for line in read_lines(f"{name}.jsonl")}
    assert len(of) == number
    unpack(f"{name}.yaml", "lm-eval")
    loaded = TaskManager(include_path="lm-eval", include_defaults=False).load([name])
    assert list(loaded["tasks"]) == tasks and name in loaded["groups"]


def test_a_group_with_shots_scores_as_lm_eval_does_with_the_hub_s_data(hub, place, model_folder):
    name, told = "mmlu_social_sciences", {"shots": 1}
    publish_group(hub, name)
    freeze(name, **told)
    model = AutoModelForCausalLM.from_pretrained(model_folder)
    tokenizer = AutoTokenizer.from_pretrained(model_folder)
    settings = {"tasks": {name: {}}, "bos": "none", "engine": "lm_eval"}
    hub.requests.clear()
    ours, _ = zero_shot.evaluate_entries(model, tokenizer, [f"{name}.yaml"], settings)
    assert not hub.requests
    theirs = lm_eval.simple_evaluate(
        HFLM(pretrained=model, tokenizer=tokenizer, batch_size=32, add_bos_token=False),
        tasks=[name],
        num_fewshot=1,
        bootstrap_iters=1,
    )
    assert hub.requests, "lm-eval asks the hub itself"
    assert ours["results"].keys() == theirs["results"].keys() and len(ours["results"]) > 10
    for task, own in ours["results"].items():
        assert own["acc,none"] == theirs["results"][task]["acc,none"]
    sizes = {counts["original"] for counts in ours["n-samples"].values()}
    assert len(sizes) > 1, "tasks of one size: weights would not matter"


HEBREW = "include_base_44_hebrew"


def publish_hebrew(hub, rows: int) -> None:
    """Let the hub serve the one split that a group of two tasks has."""
    config = of_package(HEBREW).tasks[f"{HEBREW}_driving_license"]
    own = config["dataset_path"], config["dataset_name"], scored_split(config)
    publish_task(hub, Path("../hub"), COMMIT, *own, [{"question": "?", "answer": 0}] * rows)


def test_a_later_fetch_takes_the_commit_that_is_then_the_newest_and_says_so(hub, place):
    publish_hebrew(hub, rows=1)
    assert freeze(HEBREW)["metadata"]["revision"] == COMMIT
    (repository,) = hub.repositories.values()
    repository.revision = LATER
    assert freeze(HEBREW)["metadata"]["revision"] == LATER


def test_no_question_is_an_example_of_itself(hub, place):
    publish_hebrew(hub, rows=3)
    freeze(HEBREW, shots=2)
    with pytest.raises(ValueError, match="its data have fewer than 3 examples"):
        freeze(HEBREW, shots=3)
