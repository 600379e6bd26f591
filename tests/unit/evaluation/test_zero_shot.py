"""lm-eval's record: the accuracies that its definition gives, and the same bytes on every run."""

import copy
import json
import math
import os
import shutil
import socket
from pathlib import Path

import datasets
import numpy as np
import pytest
import torch
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from heavytail.data import python_tasks
from heavytail.evaluation import lm_eval_record, zero_shot
from heavytail.evaluation.task_scores import counted
from heavytail.io.files import read_json, write_json, write_lines
from support.data_sets import task_yaml

TEXT = "def return self value {{ braces }} {% raw %} of name.attribute in other - 'a' é"
WORDS = TEXT.split()


def make_rows(count: int, seed: int) -> list[dict]:
    """Rows of random words: braces that a template would eat, choices of several lengths."""
    draw = np.random.default_rng(seed)
    rows = []
    for _ in range(count):
        context, *choices = (" ".join(draw.choice(WORDS, draw.integers(1, 6))) for _ in range(5))
        answer = int(draw.integers(4))
        choices = [f"\n    {n} {choice}" for n, choice in enumerate(choices)]
        rows.append({"context": context, "choices": choices, "answer": answer})
    return rows


ROWS = {"first": make_rows(18, seed=1), "second": make_rows(11, seed=2)}


def write_tasks(rows: dict[str, list[dict]]) -> None:
    """Tasks and data below the working directory."""
    for task, own in rows.items():
        write_lines(f"tasks/{task}.jsonl", own)
        config = task_yaml(task, f"tasks/{task}.jsonl")
        with open(f"tasks/{task}.yaml", "w", encoding="utf-8") as handle:
            yaml.safe_dump(config, handle)


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """The models are so small that threads only wait for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def tokenizer():
    """A byte-level BPE of 300 entries that puts BOS before a text unless it is told not to."""
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=300,
        special_tokens=["<s>", "</s>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    bpe.train_from_iterator([TEXT] * 3, trainer)
    bpe.post_processor = processors.TemplateProcessing(
        single="<s> $A", special_tokens=[("<s>", bpe.token_to_id("<s>"))]
    )
    return PreTrainedTokenizerFast(tokenizer_object=bpe, bos_token="<s>", eos_token="</s>")


@pytest.fixture
def model():
    """A random LLaMA whose weights are large enough to have opinions."""
    torch.manual_seed(0)
    shape = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2}
    heads = {"num_attention_heads": 4, "num_key_value_heads": 2}
    made = LlamaForCausalLM(
        LlamaConfig(vocab_size=300, max_position_embeddings=256, **shape, **heads)
    ).eval()
    for parameter in made.parameters():
        if parameter.ndim > 1:
            torch.nn.init.normal_(parameter, std=0.3)
    return made


@pytest.fixture
def workdir(tmp_path, monkeypatch):
    """An empty working directory with the two tasks in it."""
    monkeypatch.chdir(tmp_path)
    write_tasks(ROWS)
    return tmp_path


def run(
    model, tokenizer, tasks=("first", "second"), bos: str = "none", engine: str = "shared"
) -> dict:
    folder = str(Path("tasks").resolve())
    return zero_shot.evaluate(model, tokenizer, list(tasks), folder, bos, engine)


def summed(results: dict) -> dict:
    """The summary of tasks of which acc counts."""
    entries = [counted(python_tasks.entry(task), None) for task in results["results"]]
    return zero_shot.summary(results, entries)


@torch.no_grad()
def naive(model, tokenizer, row: dict, bos: bool = False) -> list[float]:
    """The log-likelihood of each choice in the model's own precision, one at a time."""
    logs = []
    for choice in row["choices"]:
        ids = tokenizer.encode(row["context"] + choice, add_special_tokens=bos)
        given_ids = len(tokenizer.encode(row["context"], add_special_tokens=bos))
        log = model(input_ids=torch.tensor([ids])).logits[0].log_softmax(-1)
        logs.append(sum(log[i - 1, ids[i]].item() for i in range(given_ids, len(ids))))
    return logs


def naive_numbers(rows: list[dict], logs: list[list[float]]) -> dict[str, float]:
    numbers = {}
    for name, lengths in (
        ("acc", [[1.0] * 4 for _ in rows]),
        ("acc_norm", [[len(choice) for choice in row["choices"]] for row in rows]),
    ):
        right = [
            max(range(4), key=lambda i, log=log, length=length: log[i] / length[i]) == row["answer"]
            for row, log, length in zip(rows, logs, lengths, strict=True)
        ]
        share = sum(right) / len(right)
        numbers[name] = share
        numbers[f"{name}_stderr"] = math.sqrt(share * (1 - share) / (len(right) - 1))
    return numbers


def test_the_summary_is_that_of_naive_log_likelihoods_without_bos(workdir, model, tokenizer):
    results = run(model, tokenizer)
    summary = summed(results)
    assert summary["reason"] is None
    exact = copy.deepcopy(model).double()
    for task, rows in ROWS.items():
        logs = [naive(exact, tokenizer, row) for row in rows]
        np.testing.assert_allclose(results["log_likelihoods"][task], logs, rtol=1e-4)
        right = [int(np.argmax(own)) == row["answer"] for own, row in zip(logs, rows, strict=True)]
        assert results["outcomes"][task] == right
        assert summary["tasks"][task] == pytest.approx(naive_numbers(rows, logs))
    accuracies = [numbers["acc"] for numbers in summary["tasks"].values()]
    assert summary["mean"] == pytest.approx(sum(accuracies) / 2)
    # The policy makes a difference that the comparison above would see.
    with_bos = naive(model, tokenizer, ROWS["first"][0], bos=True)
    assert not np.allclose(results["log_likelihoods"]["first"][0], with_bos, rtol=1e-3)
    assert results["config"]["add_bos_token"] is False


def test_the_tokenizer_may_decide_about_bos(workdir, model, tokenizer):
    results = run(model, tokenizer, ["first"], bos="tokenizer")
    exact = copy.deepcopy(model).double()
    logs = [naive(exact, tokenizer, row, bos=True) for row in ROWS["first"]]
    np.testing.assert_allclose(results["log_likelihoods"]["first"], logs, rtol=1e-4)
    assert results["config"]["add_bos_token"] is None


def test_log_likelihoods_are_formed_in_float32_from_16_bit_logits(workdir, model, tokenizer):
    results = run(model.bfloat16(), tokenizer, ["first"])
    values = torch.tensor(results["log_likelihoods"]["first"], dtype=torch.float64)
    assert (values != values.bfloat16().double()).any()
    assert results["config"]["softmax_dtype"] == "float32"
    assert results["config"]["model_dtype"] == "torch.bfloat16"


def test_a_rerun_elsewhere_gives_the_same_bytes(workdir, model, tokenizer, monkeypatch):
    write_json("record.json", run(model, tokenizer))
    elsewhere = workdir / "elsewhere"
    shutil.copytree(workdir / "tasks", elsewhere / "tasks")
    monkeypatch.chdir(elsewhere)
    model.config._name_or_path = "elsewhere"
    np.random.seed(5)
    write_json("record.json", run(model, tokenizer))
    first, second = ((folder / "record.json").read_bytes() for folder in (workdir, elsewhere))
    assert first == second
    assert str(workdir).encode() not in first and b"elsewhere" not in first
    kept = read_json("record.json")
    assert kept["configs"]["first"]["metadata"] == {"version": 1.0}
    # Whatever else a new lm-eval puts there must first be looked at.
    assert set(kept) == {
        *("results", "configs", "versions", "n-shot", "higher_is_better", "n-samples"),
        *("group_subtasks", "config", "log_likelihoods", "generated", "outcomes"),
        *("eot_token_id", "max_length"),
        *("transformers_version", "lm_eval_version"),
        *("tokenizer_pad_token", "tokenizer_eos_token", "tokenizer_bos_token"),
    }


def test_neither_the_network_nor_the_user_s_cache_is_touched(
    workdir, model, tokenizer, monkeypatch
):
    asked = []
    monkeypatch.setattr(socket, "getaddrinfo", lambda *where, **_: asked.append(where) or [])
    monkeypatch.setattr(socket.socket, "connect", lambda _, where: asked.append(where))
    home, temporary = workdir / "home", workdir / "temporary"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", home)
    run(model, tokenizer, ["first"])
    assert not asked and not home.exists() and not list(temporary.iterdir())
    assert home == datasets.config.HF_DATASETS_CACHE


def test_rows_replaced_under_the_same_size_and_time_are_never_served_old(workdir, model, tokenizer):
    before = os.stat("tasks/first.jsonl")
    old = run(model, tokenizer, ["first"])["log_likelihoods"]["first"]
    swapped = [row | {"choices": row["choices"][::-1]} for row in ROWS["first"]]
    write_lines("tasks/first.jsonl", swapped)
    os.utime("tasks/first.jsonl", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert os.stat("tasks/first.jsonl").st_size == before.st_size
    new = run(model, tokenizer, ["first"])["log_likelihoods"]["first"]
    assert old != new
    np.testing.assert_allclose(new, [row[::-1] for row in old], rtol=1e-5)


def test_a_model_that_says_nan_has_a_reason_in_place_of_numbers(workdir, model, tokenizer):
    model.lm_head.weight.data.fill_(float("nan"))
    results = run(model, tokenizer, ["first"])
    # What lm-eval makes of it, and why it must not be shown: the first choice, always.
    first_is_right = np.mean([row["answer"] == 0 for row in ROWS["first"]])
    assert results["results"]["first"]["acc,none"] == first_is_right > 0
    json.dumps(results, allow_nan=False)
    summary = summed(results)
    assert summary["mean"] is None
    numbers = ("acc", "acc_stderr", "acc_norm", "acc_norm_stderr")
    assert summary["tasks"]["first"] == dict.fromkeys(numbers)
    wrong = "the log-likelihood is not finite in 18 of 18 documents"
    assert summary["reason"] == f"first: {wrong}"


def test_one_broken_document_spoils_its_task_and_the_mean_but_no_other_task():
    numbers = {"name": "t", "acc,none": 0.5, "acc_stderr,none": 0.1}
    results = {
        "results": {"good": numbers, "bad": numbers},
        "group_subtasks": {},
        "higher_is_better": {"good": {"acc": True}, "bad": {"acc": True}},
        "n-shot": {},
        "config": {},
        "outcomes": {"good": [1, 0, 1, 0], "bad": [1, 0]},
        "log_likelihoods": {"good": [[-1.0, -2.0]] * 3, "bad": [[-1.0, -2.0], [None, -1.0]]},
    }
    found = summed(results)
    assert {name: found[name] for name in ("tasks", "mean", "reason")} == {
        "tasks": {
            "good": {"acc": 0.5, "acc_stderr": 0.1},
            "bad": {"acc": None, "acc_stderr": None},
        },
        "mean": None,
        "reason": "bad: the log-likelihood is not finite in 1 of 2 documents",
    }


def test_an_unknown_task_is_an_error_that_names_it(workdir, model, tokenizer):
    with pytest.raises(KeyError, match="third"):
        run(model, tokenizer, ["third"])


LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
NUMPY = st.sampled_from([np.float32(0.5), np.float64("nan"), np.int64(3), np.bool_(True)])
VALUES = st.recursive(
    LEAVES | NUMPY | st.just(torch.bfloat16),
    lambda inner: st.lists(inner) | st.tuples(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(VALUES)
@settings(deadline=None)
def test_whatever_is_json_safe_survives_a_round_trip(value):
    safe = lm_eval_record.json_safe(value)
    assert json.loads(json.dumps(safe, allow_nan=False)) == safe


@pytest.mark.parametrize("value", [print, object(), {"inner": [lambda: 0]}])
def test_what_has_no_fixed_text_is_refused(value):
    with pytest.raises(TypeError, match="has no place in a record"):
        lm_eval_record.json_safe(value)
