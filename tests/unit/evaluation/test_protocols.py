"""Perplexity by protocols: against float64 cross-entropy, and against lm-eval's own task."""

import json
import math
from pathlib import Path

import pytest
import torch
import yaml
from lm_eval import simple_evaluate, tasks
from lm_eval.models.huggingface import HFLM
from lm_eval.tasks import TaskManager
from safetensors.torch import load_file
from tokenizers.processors import TemplateProcessing
from transformers import AutoModelForCausalLM

from freeze_evaluation import freeze_evaluation
from heavytail.data.protocols import wikitext_pages
from heavytail.evaluation.protocols import evaluate_protocol, group_losses
from heavytail.io.files import read_json, write_json
from support.tiny_model import byte_tokenizer, save_model

LINES = [
    *("", " = First page = \n", "", " It has , as pages do , 1 @,@ 234 words . \n"),
    *("", " = = Part = = \n", "", ' One " quoted " part of it ; the end ! \n', ""),
    *(" = Second = \n", "", " Ümlauts ( and brackets ) take two bytes . \n" * 4, ""),
]
LENGTH = 48


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """A model whose tokenizer puts BOS; the lines as documents in the working directory."""
    monkeypatch.chdir(tmp_path)
    folder = save_model(tmp_path / "model", max_position_embeddings=LENGTH)
    tokenizer = byte_tokenizer()
    tokenizer.backend_tokenizer.post_processor = TemplateProcessing(
        single="<s> $A", special_tokens=[("<s>", tokenizer.bos_token_id)]
    )
    tokenizer.save_pretrained(folder)
    write_json(folder / "provenance.json", {"source": "model", "revision": None})
    rows = ({"name": str(n), "text": line} for n, line in enumerate(LINES))
    Path("d.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    write_json("d.json", {"source": "lines", "revision": "r"})
    return folder


def measured(folder: Path, **protocol) -> dict:
    settings = {"key": "evaluation", "dataset": "d", "split": "test", "join": "\n\n"}
    settings |= {"length": LENGTH, "windows": None, "pages": True} | protocol
    model = str(folder / "provenance.json")
    freeze_evaluation(model, "d.jsonl", "d.json", settings, "tokens.safetensors")
    evaluate_protocol(model, None, "tokens.safetensors", float("inf"), "record.json")
    return read_json("record.json")


def lm_eval_s(folder: Path, **arguments) -> dict[str, float]:
    """The numbers of lm-eval's task `wikitext`, on the pages of the lines."""
    pages = [{"page": page} for page in wikitext_pages(LINES)]
    Path("pages.jsonl").write_text("".join(json.dumps(page) + "\n" for page in pages))
    files = {"test": str(Path("pages.jsonl").absolute())}
    config = {"include": "wikitext.yaml", "task": "own_wikitext", "dataset_path": "json"}
    config |= {"dataset_name": None, "dataset_kwargs": {"data_files": files}}
    config |= {"training_split": None, "validation_split": None}
    config["include"] = str(Path(tasks.__file__).parent / "wikitext/wikitext.yaml")
    Path("tasks").mkdir(exist_ok=True)
    Path("tasks/own.yaml").write_text(yaml.safe_dump(config))
    model = HFLM(pretrained=str(folder), dtype="float32", device="cpu", **arguments)
    manager = TaskManager(include_path="tasks", include_defaults=False)
    return simple_evaluate(model, tasks=["own_wikitext"], task_manager=manager)["results"][
        "own_wikitext"
    ]


# Our setting → what lm-eval's own one must be for the same.
ARGUMENTS = {"tokenizer": {}, "none": {"add_bos_token": False}}


@pytest.mark.parametrize("bos", ARGUMENTS)
def test_word_and_byte_perplexity_are_those_of_lm_eval_s_task(bos, folder):
    theirs = lm_eval_s(folder, **ARGUMENTS[bos])
    for unit in ("word", "byte"):
        ours = measured(folder, stride=None, bos=bos, unit=unit)
        assert ours["perplexity"] == pytest.approx(theirs[f"{unit}_perplexity,none"], rel=1e-6)
        assert len(ours["losses"]) == 2 and ours["join"] == "documents apart"
        assert math.exp(sum(ours["losses"]) / 2) == pytest.approx(ours["perplexity"])


@pytest.mark.parametrize(
    ("stride", "bos"), [(16, "tokenizer"), (None, "none"), (None, "windows"), (20, "windows")]
)
def test_a_row_scores_what_cross_entropy_says_of_its_last_tokens(stride, bos, folder):
    record = measured(folder, stride=stride, bos=bos, unit="token")
    found = load_file("tokens.safetensors")
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float64)
    expected = []
    for ids, scored in zip(found["input_ids"], found["scored"].tolist(), strict=True):
        with torch.no_grad():
            logits = model(ids[None, :-1]).logits[0]
        losses = torch.nn.functional.cross_entropy(logits, ids[1:], reduction="none")
        expected += losses[len(losses) - scored :].tolist()
    assert record["tokens"] == record["units"] == len(expected)
    assert math.log(record["perplexity"]) == pytest.approx(sum(expected) / len(expected), abs=2e-6)
    assert record["windows"] == len(record["losses"]) == len(found["ends"])


def test_what_stands_behind_a_row_does_not_count():
    losses = torch.tensor([[1.0, 2, 4, 8], [16, 32, 64, math.nan], [0, 0, 3, 3]])
    found = {"ends": [5, 4, 5], "scored": [4, 2, 1], "groups": [0, 0, 1], "units": [6, 3]}
    found = {name: torch.tensor(values) for name, values in found.items()}
    assert group_losses(losses.double(), found).tolist() == [
        pytest.approx((15 + 96) * 2 / 9),
        pytest.approx(3 * 2 / 9),
    ]
