"""Tasks of a model whose tokenizer has no special tokens, in a folder with brackets."""

from pathlib import Path

import pytest
import torch
import yaml
from transformers import AutoTokenizer

from heavytail.evaluation import zero_shot
from heavytail.io.files import write_lines
from heavytail.models.loading import load_model
from support.checkpoints import without_special_tokens
from support.data_sets import task_yaml
from support.tiny_model import save_model

ROWS = [
    {"context": "def f(", "choices": ["a", "self", "b, c", "*"], "answer": 1},
    {"context": "import o", "choices": ["s", "perator", "rder", "\n"], "answer": 0},
]


def test_the_log_likelihoods_are_those_of_the_model(tmp_path, monkeypatch):
    work = tmp_path / "run[1]"
    work.mkdir()
    monkeypatch.chdir(work)
    folder = save_model(Path("model"))
    without_special_tokens(folder)
    write_lines("tasks/first.jsonl", ROWS)
    config = task_yaml("first", "tasks/first.jsonl")
    Path("tasks/first.yaml").write_text(yaml.safe_dump(config))
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = load_model(folder, torch.device("cpu"))
    assert tokenizer.bos_token_id is tokenizer.eos_token_id is None
    found = zero_shot.evaluate(model, tokenizer, ["first"], "tasks", "none", "shared")
    for row, said in zip(ROWS, found["log_likelihoods"]["first"], strict=True):
        for choice, value in zip(row["choices"], said, strict=True):
            context, ids = tokenizer(row["context"]).input_ids, tokenizer(choice).input_ids
            with torch.no_grad():
                logs = model(torch.tensor([context + ids])).logits[0].log_softmax(-1)
            expected = logs[len(context) - 1 : -1].gather(1, torch.tensor(ids)[:, None]).sum()
            assert value == pytest.approx(expected.item(), abs=1e-4)
