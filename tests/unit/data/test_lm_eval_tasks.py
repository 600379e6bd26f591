"""The built-in tasks, frozen: lm-eval's own prompts and answers, from local files."""

import json
import socket
from pathlib import Path

import datasets
import lm_eval
import lm_eval.tasks
import pytest
import yaml
from lm_eval.models.huggingface import HFLM
from transformers import AutoModelForCausalLM, AutoTokenizer

from fetch_task import fetch_task
from heavytail.config import own_tasks, tasks
from heavytail.config.lm_eval_configs import of_package
from heavytail.config.lm_eval_needs import lacks
from heavytail.data import python_tasks
from heavytail.data.frozen_tasks import read_entry, to_yaml, unpack, write_entry
from heavytail.evaluation import zero_shot
from heavytail.evaluation.task_scores import counted
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
    row = tasks.TASKS[task]
    return {"task": task, "folder": row.folder, "revision": row.revision}


def built_in(task: str) -> dict:
    return of_package(task, tasks.TASKS[task].folder).tasks[task]


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
    for task in TASKS:
        unpack(f"tasks/{task}.yaml", "lm-eval")
    return Path("lm-eval").resolve()


def test_the_seven_tasks_are_the_scored_splits_of_pinned_revisions_with_checksums(frozen):
    assert [name for name, row in tasks.TASKS.items() if row.folder] == list(TASKS)
    for task, (repository, name, split, rows) in TASK_DATA.items():
        assert [line["row"] for line in read_lines(f"tasks/{task}.jsonl")] == rows
        config = built_in(task)
        manager = lm_eval.tasks.TaskManager(include_path=frozen, include_defaults=False)
        origin = manager.task_index[task].cfg["metadata"]
        assert origin["revision"] == tasks.TASKS[task].revision
        assert (origin["dataset"], origin["name"] or "default") == (repository, name)
        assert origin["split"] == split
        assert origin["version"] == config["metadata"]["version"]
        told = read_entry(f"tasks/{task}.yaml")["metadata"]
        assert told["documents"] == len(rows) and told["dataset"] == repository
        assert told["documents_sha256"] == sha256(f"tasks/{task}.jsonl")


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
    results = zero_shot.evaluate(model, tokenizer, list(TASKS), str(frozen), "none", "shared")
    entries = [counted(read_entry(f"tasks/{task}.yaml"), None) for task in TASKS]
    summary = zero_shot.summary(results, entries)
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


def test_frozen_files_name_no_place_of_this_machine(frozen):
    installed = str(Path(lm_eval.__file__).parent.parent)
    for file in Path("tasks").iterdir():
        text = file.read_text(encoding="utf-8")
        assert installed not in text and str(Path.cwd()) not in text
    text = Path("tasks/hellaswag.yaml").read_text()
    assert "process_docs: !function 'lm_eval.tasks.hellaswag.utils.process_docs'" in text


def test_a_jinja_text_of_lm_eval_survives_the_yaml():
    config = built_in("arc_easy")
    assert yaml.safe_load(to_yaml(config)) == config
    assert config["doc_to_text"] == "Question: {{question}}\nAnswer:"


def test_a_hub_that_has_no_such_revision_is_one_line_and_nothing_is_left_behind(served):
    served.repositories["datasets/aps/super_glue"].revision = "f" * 40
    with pytest.raises(FetchError) as caught:
        fetch_task(settings_of("boolq"), "tasks/boolq.jsonl", "tasks/boolq.yaml")
    revision = tasks.TASKS["boolq"].revision
    assert str(caught.value) == f"aps/super_glue at {revision}: the hub has no such revision"
    assert not list(Path().iterdir())


def test_a_folder_without_the_task_is_named():
    with pytest.raises(ValueError, match="lm_eval/tasks/arc: found no task 'boolq'"):
        of_package("boolq", "arc")


COPA = {"premise": "It rained.", "choice1": "It was wet.", "choice2": "It was dry."}
COMMIT = "1" * 40


def test_a_task_that_a_config_names_is_frozen_at_the_newest_commit_which_it_records(served):
    rows = [COPA | {"question": "effect", "idx": number, "label": 0} for number in range(4)]
    publish_task(served, Path("../hub2"), COMMIT, "aps/super_glue", "copa", "validation", rows)
    ((name, task),) = own_tasks.all_tasks([{"name": "copa", "limit": 3}]).items()
    assert (task.folder, task.revision, task.limit) == ("super_glue/copa", None, 3)
    settings = {"task": name, "folder": task.folder, "revision": task.revision}
    fetch_task(settings, "copa.jsonl", "copa.yaml")
    # What of them is scored is no matter of what is frozen.
    assert [line["row"] for line in read_lines("copa.jsonl")] == rows
    text = Path("copa.yaml").read_text()
    assert f"revision: '{COMMIT}'" in text and "documents: 4" in text
    assert "lm_eval.tasks.super_glue.copa.utils.doc_to_text" in text


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"metric_list": [{"metric": "wer"}]}, "its metric wer is code of the hub"),
        ({"dataset_kwargs": {"data_dir": "x"}}, "its data set needs data_dir"),
        ({"test_split": None, "validation_split": None}, "has no split that is scored"),
        ({"dataset_path": "csv"}, "its data 'csv' are no data set of the hub"),
        ({"use_prompt": "promptsource:x"}, "takes its prompts from another package"),
        ({"output_type": "judge"}, "scores by judge, expected one of multiple_choice, "),
    ],
)
def test_a_task_that_cannot_be_scored_is_refused(change, line):
    assert lacks(built_in("arc_easy")) is None
    assert lacks(built_in("arc_easy") | change).startswith(line)


def test_columns_keep_their_types_where_json_would_guess(tmp_path):
    rows = [{"when": "2020-01-01", "number": 1}]
    entry = python_tasks.entry("own")
    types = {"when": {"dtype": "string", "_type": "Value"}}
    types |= {"number": {"dtype": "int64", "_type": "Value"}}
    entry["features"]["own"] = types
    files = str(tmp_path / "own.jsonl"), str(tmp_path / "own.yaml")
    write_entry(entry, {"own": rows}, *files)
    unpack(files[1], tmp_path / "out")
    found = datasets.Dataset.from_parquet(str(tmp_path / "out/own-0.parquet"), cache_dir=tmp_path)
    assert list(found) == rows


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
    read_task({"path": "mine/t.yaml"}, "tasks/own.jsonl", "tasks/own.yaml")
    assert [line["row"] for line in read_lines("tasks/own.jsonl")] == EXAMPLES
    assert "dataset_sha256" in Path("tasks/own.yaml").read_text()
    model = AutoModelForCausalLM.from_pretrained(model_folder)
    tokenizer = AutoTokenizer.from_pretrained(model_folder)
    settings = {"tasks": {"own": {"limit": 5}}, "bos": "none", "engine": "lm_eval"}
    ours, _ = zero_shot.evaluate_entries(model, tokenizer, ["tasks/own.yaml"], settings)
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
