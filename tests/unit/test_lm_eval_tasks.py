"""The built-in tasks, frozen: lm-eval's own prompts and answers, from local files."""

import socket
from pathlib import Path

import datasets
import lm_eval
import pytest
import yaml
from transformers import AutoModelForCausalLM, AutoTokenizer

from fetch_task import fetch_task
from heavytail import lm_eval_tasks, zero_shot
from heavytail.files import read_lines, write_lines, write_text

ARC = [
    {
        "id": "Mercury_1",
        "question": "Which is {{a}} star?",
        "choices": {"text": ["Mars", "The Sun"], "label": ["A", "B"]},
        "answerKey": "B",
    },
    {
        "id": "Mercury_2",
        "question": "What melts?",
        "choices": {"text": ["ice", "sand", "iron"], "label": ["1", "2", "3"]},
        "answerKey": "1",
    },
]
RTE = [
    {"sentence1": "It rains.", "sentence2": "It is wet.", "label": 0, "idx": 0},
    {"sentence1": "It snows.", "sentence2": "It is hot.", "label": 1, "idx": 1},
]
WINOGRANDE = [
    {"sentence": "Ann met Eve, so _ waved.", "option1": "Ann", "option2": "Eve", "answer": "2"}
] * 2
OPENBOOKQA = [
    {
        "id": "7-1",
        "question_stem": "Frogs eat",
        "choices": {"text": ["flies", "cars", "rocks", "tin"], "label": ["A", "B", "C", "D"]},
        "answerKey": "A",
    }
] * 2
HELLASWAG = [
    {
        "ind": 24,
        "activity_label": "Roof",
        "ctx_a": "A man sits.",
        "ctx_b": "he",
        "ctx": "A man sits. he",
        "endings": ["sings [title] loud.", "eats  up.", "runs.", "naps [x]on."],
        "source_id": "activitynet~v_1",
        "split": "val",
        "split_type": "indomain",
        "label": "3",
    }
] * 2
BOOLQ = [{"question": "is ice cold", "passage": "Ice is cold.", "idx": 0, "label": 1}] * 2
# task → rows as the hub has them, and (context, continuation) of the first row's choices, and its
# gold answer, as the notes' lm-eval of 2023 formed them.
TASKS = {
    "arc_easy": (ARC, "Question: Which is {{a}} star?\nAnswer:", [" Mars", " The Sun"], 1),
    "arc_challenge": (ARC, "Question: Which is {{a}} star?\nAnswer:", [" Mars", " The Sun"], 1),
    "rte": (
        RTE,
        "It rains.\nQuestion: It is wet. True or False?\nAnswer:",
        [" True", " False"],
        0,
    ),
    "winogrande": (WINOGRANDE, ["Ann met Eve, so Ann", "Ann met Eve, so Eve"], [" waved."] * 2, 1),
    "openbookqa": (OPENBOOKQA, "Frogs eat", [" flies", " cars", " rocks", " tin"], 0),
    "hellaswag": (
        HELLASWAG,
        "Roof: A man sits. He",
        [" sings. loud.", " eats up.", " runs.", " naps on."],
        3,
    ),
    "boolq": (BOOLQ, "Ice is cold.\nQuestion: is ice cold?\nAnswer:", [" no", " yes"], 1),
}
# task → what the hub must be asked for.
ASKED = {
    "arc_easy": ("allenai/ai2_arc", "ARC-Easy", "test"),
    "arc_challenge": ("allenai/ai2_arc", "ARC-Challenge", "test"),
    "rte": ("nyu-mll/glue", "rte", "validation"),
    "winogrande": ("allenai/winogrande", "winogrande_xl", "validation"),
    "openbookqa": ("allenai/openbookqa", "main", "test"),
    "hellaswag": ("Rowan/hellaswag", None, "validation"),
    "boolq": ("aps/super_glue", "boolq", "validation"),
}


@pytest.fixture
def hub():
    """Stands in for datasets.load_dataset; `hub.asked` lists what was wanted."""

    def load(repository, name, split, revision):
        load.asked.append((repository, name, split, revision))
        task = next(t for t, asked in ASKED.items() if asked == (repository, name, split))
        return datasets.Dataset.from_list(TASKS[task][0])

    load.asked = []
    return load


@pytest.fixture
def frozen(hub, tmp_path, monkeypatch):
    """The seven tasks, frozen below the working directory, and no network."""
    monkeypatch.chdir(tmp_path)
    for task in TASKS:
        config, rows = lm_eval_tasks.freeze(task, f"tasks/{task}.jsonl", hub)
        write_lines(f"tasks/{task}.jsonl", rows)
        write_text(f"tasks/{task}.yaml", lm_eval_tasks.to_yaml(config))
    monkeypatch.setattr(socket.socket, "connect", lambda *_: pytest.fail("the network was asked"))
    return tmp_path / "tasks"


def test_the_seven_tasks_are_asked_for_by_their_name_split_and_pinned_revision(frozen, hub):
    assert list(lm_eval_tasks.TASKS) == list(TASKS)
    assert [asked[:3] for asked in hub.asked] == list(ASKED.values())
    assert all(len(revision) == 40 for *_, revision in hub.asked)
    assert len({asked[3] for asked in hub.asked}) == 6


def test_frozen_tasks_form_the_prompts_of_the_built_in_ones(frozen):
    manager = lm_eval.tasks.TaskManager(include_path=frozen, include_defaults=False)
    with zero_shot.private_cache():
        tasks = manager.load(list(TASKS))["tasks"]
        for name, (_rows, context, continuations, gold) in TASKS.items():
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
    results = zero_shot.evaluate(model, tokenizer, list(TASKS), "tasks", batch_size=4)
    summary = zero_shot.summary(results)
    assert list(summary["tasks"]) == list(TASKS) and summary["reason"] is None
    for task, (rows, *_) in TASKS.items():
        logs = results["log_likelihoods"][task]
        assert len(logs) == len(rows)
        normed = {"acc_norm"} if task not in ("rte", "winogrande", "boolq") else set()
        assert {name for name in summary["tasks"][task] if "stderr" not in name} == {"acc"} | normed
    # The first arc document has its gold answer second, the second first.
    arc = results["log_likelihoods"]["arc_easy"]
    expected = ((arc[0][1] > arc[0][0]) + (arc[1][0] == max(arc[1]))) / 2
    assert summary["tasks"]["arc_easy"]["acc"] == expected
    origin = results["configs"]["rte"]["metadata"]
    assert origin["revision"] == lm_eval_tasks.TASKS["rte"].revision
    assert (origin["dataset"], origin["name"], origin["split"]) == ASKED["rte"]


def test_frozen_files_name_no_place_of_this_machine(frozen):
    installed = str(Path(lm_eval.__file__).parent.parent)
    for file in frozen.iterdir():
        text = file.read_text(encoding="utf-8")
        assert installed not in text and str(frozen) not in text
    text = (frozen / "hellaswag.yaml").read_text()
    assert "process_docs: !function 'lm_eval.tasks.hellaswag.utils.process_docs'" in text


def test_a_jinja_text_of_lm_eval_survives_the_yaml():
    config = lm_eval_tasks.built_in("arc_easy")
    assert yaml.safe_load(lm_eval_tasks.to_yaml(config)) == config
    assert config["doc_to_text"] == "Question: {{question}}\nAnswer:"


@pytest.mark.parametrize(
    "error",
    [
        ConnectionError("Couldn't reach 'aps/super_glue' on the Hub\nmore"),
        datasets.exceptions.DatasetNotFoundError("Couldn't reach it"),
        ValueError("Couldn't reach a cache\nof it"),
    ],
)
def test_a_hub_that_is_not_there_is_one_line_that_names_the_data_set(error):
    def load(*_arguments, **_keywords):
        raise error

    with pytest.raises(ConnectionError, match="aps/super_glue: the hub did not") as caught:
        lm_eval_tasks.freeze("boolq", "boolq.jsonl", load)
    assert len(str(caught.value).splitlines()) == 1


def test_the_script_leaves_nothing_behind_when_the_hub_is_not_there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    freeze = lm_eval_tasks.freeze

    def unreachable(*_arguments, **_keywords):
        raise ConnectionError("no network")

    monkeypatch.setattr(lm_eval_tasks, "freeze", lambda task, data: freeze(task, data, unreachable))
    with pytest.raises(ConnectionError, match="nyu-mll/glue"):
        fetch_task({"task": "rte"}, "tasks/rte.jsonl", "tasks/rte.yaml")
    assert not list(tmp_path.rglob("*.*"))


def test_the_script_writes_what_freezing_gives(hub, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    freeze = lm_eval_tasks.freeze
    monkeypatch.setattr(lm_eval_tasks, "freeze", lambda task, data: freeze(task, data, hub))
    fetch_task({"task": "rte"}, "tasks/rte.jsonl", "tasks/rte.yaml")
    assert read_lines("tasks/rte.jsonl") == RTE
    config = yaml.safe_load(Path("tasks/rte.yaml").read_text())
    assert config["dataset_kwargs"] == {"data_files": {"test": "tasks/rte.jsonl"}}
    assert (config["test_split"], config["validation_split"]) == ("test", None)
