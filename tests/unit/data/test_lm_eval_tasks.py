"""The built-in tasks, frozen: lm-eval's own prompts and answers, from local files."""

import json
import socket
from pathlib import Path

import lm_eval
import lm_eval.tasks
import pytest
import yaml
from lm_eval.models.huggingface import HFLM
from transformers import AutoModelForCausalLM, AutoTokenizer

from fetch_task import fetch_task
from heavytail.config import own_tasks, tasks
from heavytail.data import lm_eval_tasks
from heavytail.evaluation import zero_shot
from heavytail.io.files import read_lines, sha256
from heavytail.io.hub import FetchError
from read_task import read_task
from support.bad_tasks import GOOD
from support.data_sets import TASK_DATA, publish, publish_task

# task → (context, continuation) of the first row's choices, and its gold answer, as the lm-eval of
# 2023, which made the reference results, formed them.
TASKS = {
    "arc_easy": ("Question: Which is {{a}} star?\nAnswer:", [" Mars", " The Sun"], 1),
    "arc_challenge": ("Question: Which is {{a}} star?\nAnswer:", [" Mars", " The Sun"], 1),
    "rte": (
        "It rains.\nQuestion: It is wet. True or False?\nAnswer:",
        [" True", " False"],
        0,
    ),
    "winogrande": (["Ann met Eve, so Ann", "Ann met Eve, so Eve"], [" waved."] * 2, 1),
    "openbookqa": ("Frogs eat", [" flies", " cars", " rocks", " tin"], 0),
    "hellaswag": (
        "Roof: A man sits. He",
        [" sings. loud.", " eats up.", " runs.", " naps on."],
        3,
    ),
    "boolq": ("Ice is cold.\nQuestion: is ice cold?\nAnswer:", [" no", " yes"], 1),
}


def settings_of(task: str) -> dict[str, str]:
    """What the rule gives the job."""
    return {"task": task} | vars(tasks.TASKS[task])


def built_in(task: str) -> dict:
    return lm_eval_tasks.built_in(task, tasks.TASKS[task].folder)


@pytest.fixture
def served(hub, tmp_path, monkeypatch):
    """The hub with its data sets, and a working directory without anything."""
    publish(hub, tmp_path / "hub")
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return hub


@pytest.fixture
def frozen(served, monkeypatch):
    """The seven tasks, frozen below the working directory, and no network."""
    for task in TASKS:
        fetch_task(settings_of(task), f"tasks/{task}.jsonl", f"tasks/{task}.yaml")
    monkeypatch.setattr(socket.socket, "connect", lambda *_: pytest.fail("the network was asked"))
    return Path("tasks").resolve()


def test_the_seven_tasks_are_the_scored_splits_of_pinned_revisions_with_checksums(frozen):
    assert [name for name, row in tasks.TASKS.items() if row.folder] == list(TASKS)
    for task, (repository, name, split, rows) in TASK_DATA.items():
        assert read_lines(frozen / f"{task}.jsonl") == rows
        config = built_in(task)
        manager = lm_eval.tasks.TaskManager(include_path=frozen, include_defaults=False)
        origin = manager.task_index[task].cfg["metadata"]
        assert origin["revision"] == tasks.TASKS[task].revision
        assert (origin["dataset"], origin["name"] or "default") == (repository, name)
        assert origin["split"] == split
        assert origin["version"] == config["metadata"]["version"]
        assert origin["documents"] == len(rows)
        assert origin["documents_sha256"] == sha256(frozen / f"{task}.jsonl")


def test_frozen_tasks_form_the_prompts_of_the_built_in_ones(frozen):
    manager = lm_eval.tasks.TaskManager(include_path=frozen, include_defaults=False)
    with zero_shot.private_cache():
        tasks = manager.load(list(TASKS))["tasks"]
        for name, (context, continuations, gold) in TASKS.items():
            task = tasks[name]
            task.set_config("num_fewshot", 0)
            task.build_all_requests()
            own = [request for request in task.instances if request.doc_id == 0]
            contexts = context if isinstance(context, list) else [context] * len(continuations)
            assert [request.args for request in own] == list(
                zip(contexts, continuations, strict=True)
            )
            best = [(-1.0 if i == gold else -9.0, False) for i in range(len(own))]
            assert task.process_results(task.eval_docs[0], best)["acc"] == 1.0


def test_lm_eval_runs_all_seven_offline(frozen, model_folder):
    model = AutoModelForCausalLM.from_pretrained(model_folder)
    tokenizer = AutoTokenizer.from_pretrained(model_folder)
    results = zero_shot.evaluate(model, tokenizer, list(TASKS), "tasks", "none", "shared")
    summary = zero_shot.summary(results)
    assert list(summary["tasks"]) == list(TASKS) and summary["reason"] is None
    for task, (*_, rows) in TASK_DATA.items():
        logs = results["log_likelihoods"][task]
        assert len(logs) == len(rows)
        normed = {"acc_norm"} if task not in ("rte", "winogrande", "boolq") else set()
        assert {name for name in summary["tasks"][task] if "stderr" not in name} == {"acc"} | normed
    # The first arc document has its gold answer second, the second first.
    arc = results["log_likelihoods"]["arc_easy"]
    expected = ((arc[0][1] > arc[0][0]) + (arc[1][0] == max(arc[1]))) / 2
    assert summary["tasks"]["arc_easy"]["acc"] == expected
    origin = results["configs"]["rte"]["metadata"]
    assert origin["revision"] == tasks.TASKS["rte"].revision
    assert origin["documents_sha256"] == sha256(frozen / "rte.jsonl")


def test_frozen_files_name_no_place_of_this_machine(frozen):
    installed = str(Path(lm_eval.__file__).parent.parent)
    for file in frozen.iterdir():
        text = file.read_text(encoding="utf-8")
        assert installed not in text and str(frozen) not in text
    text = (frozen / "hellaswag.yaml").read_text()
    assert "process_docs: !function 'lm_eval.tasks.hellaswag.utils.process_docs'" in text


def test_a_jinja_text_of_lm_eval_survives_the_yaml():
    config = built_in("arc_easy")
    assert yaml.safe_load(lm_eval_tasks.to_yaml(config)) == config
    assert config["doc_to_text"] == "Question: {{question}}\nAnswer:"


def test_a_hub_that_has_no_such_revision_is_one_line_and_nothing_is_left_behind(served):
    served.repositories["datasets/aps/super_glue"].revision = "f" * 40
    with pytest.raises(FetchError) as caught:
        fetch_task(settings_of("boolq"), "tasks/boolq.jsonl", "tasks/boolq.yaml")
    revision = tasks.TASKS["boolq"].revision
    assert str(caught.value) == f"aps/super_glue at {revision}: the hub has no such revision"
    assert not list(Path().iterdir())


def test_a_frozen_task_is_read_from_its_own_data_alone(served):
    fetch_task(settings_of("rte"), "tasks/rte.jsonl", "tasks/rte.yaml")
    config = yaml.safe_load(Path("tasks/rte.yaml").read_text())
    assert config["dataset_kwargs"] == {"data_files": {"test": "tasks/rte.jsonl"}}
    assert (config["test_split"], config["validation_split"]) == ("test", None)


def test_a_folder_without_the_task_is_named():
    with pytest.raises(ValueError, match="lm_eval/tasks/arc: found no task 'boolq'"):
        lm_eval_tasks.built_in("boolq", "arc")


COPA = {"premise": "It rained.", "choice1": "It was wet.", "choice2": "It was dry."}
COMMIT = "1" * 40


def test_a_task_that_a_config_names_is_frozen_at_the_newest_commit_which_it_records(served):
    rows = [COPA | {"question": "effect", "idx": number, "label": 0} for number in range(4)]
    publish_task(served, Path("../hub2"), COMMIT, "aps/super_glue", "copa", "validation", rows)
    ((name, task),) = own_tasks.all_tasks([{"name": "copa", "limit": 3}]).items()
    assert (task.folder, task.revision, task.limit) == ("super_glue/copa", None, 3)
    fetch_task({"task": name} | vars(task), "copa.jsonl", "copa.yaml")
    assert read_lines("copa.jsonl") == rows[:3]
    text = Path("copa.yaml").read_text()
    assert f"revision: '{COMMIT}'" in text and "documents: 3" in text
    assert "lm_eval.tasks.super_glue.copa.utils.doc_to_text" in text


@pytest.mark.parametrize(
    ("task", "line"),
    [
        ("gsm8k", "gsm8k: scores by generate_until, expected multiple_choice or loglikelihood"),
        ("wikitext", "wikitext: scores by loglikelihood_rolling, expected multiple_choice or "),
    ],
)
def test_a_task_that_likelihoods_do_not_score_is_refused_before_anything_is_fetched(
    task, line, hub
):
    (row,) = own_tasks.all_tasks([task]).values()
    with pytest.raises(ValueError, match=line):
        lm_eval_tasks.freeze({"task": task} | vars(row), "a.jsonl")
    assert not hub.requests


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"metric_list": [{"metric": "f1"}]}, "has no metric acc"),
        ({"dataset_kwargs": {"data_dir": "x"}}, "its data set needs data_dir, expected a name"),
        ({"test_split": None, "validation_split": None}, "has no split that is scored"),
    ],
)
def test_a_task_that_cannot_be_frozen_is_refused(change, line):
    with pytest.raises(ValueError, match=f"t: {line}"):
        lm_eval_tasks.check("t", built_in("arc_easy") | change)


EXAMPLES = [
    {"input": f"{a} plus {a} is", "choices": [str(2 * a), str(a)], "label": 0} for a in range(1, 7)
]


def test_a_local_task_is_frozen_and_scored_as_lm_eval_scores_its_own_file(
    model_folder, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    Path("mine").mkdir()
    Path("mine/own.json").write_text(json.dumps({"name": "sums", "examples": EXAMPLES}))
    Path("mine/t.yaml").write_text(GOOD)
    read_task({"path": "mine/t.yaml", "limit": 5}, "tasks/own.jsonl", "tasks/own.yaml")
    assert read_lines("tasks/own.jsonl") == EXAMPLES[:5]
    assert "dataset_sha256" in Path("tasks/own.yaml").read_text()
    model = AutoModelForCausalLM.from_pretrained(model_folder)
    tokenizer = AutoTokenizer.from_pretrained(model_folder)
    ours = zero_shot.evaluate(model, tokenizer, ["own"], "tasks", "none", "lm_eval")
    # lm-eval finds data from the working directory, not beside the file of the task.
    monkeypatch.chdir(tmp_path / "mine")
    theirs = lm_eval.simple_evaluate(
        HFLM(pretrained=model, tokenizer=tokenizer, batch_size=32, add_bos_token=False),
        tasks=["own"],
        num_fewshot=0,
        limit=5,
        task_manager=lm_eval.tasks.TaskManager(include_path=".", include_defaults=False),
    )
    assert ours["results"]["own"]["acc,none"] == theirs["results"]["own"]["acc,none"]
    said = [[value for value, _ in one["filtered_resps"]] for one in theirs["samples"]["own"]]
    for own, other in zip(ours["log_likelihoods"]["own"], said, strict=True):
        assert own == pytest.approx(other, rel=1e-6)
