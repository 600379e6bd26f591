import dataclasses
import itertools
import math

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoTokenizer

from heavytail.models.loading import load_model
from heavytail.training import standin

RECIPE = standin.Recipe(
    vocabulary=300, hidden=32, intermediate=48, blocks=2, length=32, batch=4, steps=30, warmup=5,
    checkpoints=(10,), library_repeats=1,
)  # fmt: skip
TEXTS = (["def f(x):\n    return x + 1\n" * 40], ["import os\n\nprint(os.name)\n" * 40])
HELD_OUT = ["def g(x):\n    return x + 2\n" * 60]


def test_training_learns_and_writes_a_model_that_transformers_loads(tmp_path):
    record = standin.train(RECIPE, TEXTS, HELD_OUT, tmp_path, lambda line: None)
    first_loss = math.log(RECIPE.vocabulary)
    assert record["curve"][-1][2] < 0.9 * first_loss
    assert record["tokens_seen"] == 30 * 4 * 32
    for folder in ("model", "checkpoints/step-10"):
        model = load_model(tmp_path / folder, torch.device("cpu"))
        assert model.config.num_key_value_heads < model.config.num_attention_heads
        weights = load_file(tmp_path / folder / "model.safetensors")
        assert all(tensor.dtype == torch.float16 for tensor in weights.values())
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "model")
    assert (
        tokenizer.decode(tokenizer("def f(x):\n    pass\n")["input_ids"]) == "def f(x):\n    pass\n"
    )


def test_a_training_that_was_cut_off_ends_with_the_same_weights(tmp_path, monkeypatch):
    standin.train(RECIPE, TEXTS, HELD_OUT, tmp_path / "whole", lambda line: None)
    real, calls = standin.loss_of, itertools.count()

    def dies(model, windows):
        if next(calls) == 20:
            raise KeyboardInterrupt
        return real(model, windows)

    monkeypatch.setattr(standin, "SAVE_EVERY", 10)
    monkeypatch.setattr(standin, "loss_of", dies)
    with pytest.raises(KeyboardInterrupt):
        standin.train(RECIPE, TEXTS, HELD_OUT, tmp_path / "cut", lambda line: None)
    monkeypatch.setattr(standin, "loss_of", real)
    lines = []
    standin.train(RECIPE, TEXTS, HELD_OUT, tmp_path / "cut", lines.append)
    assert any("resuming at step 10" in line for line in lines)
    whole, cut = (
        load_file(tmp_path / name / "model/model.safetensors") for name in ("whole", "cut")
    )
    assert all(torch.equal(whole[key], cut[key]) for key in whole)


def test_the_learning_rate_warms_up_stays_and_cools_to_zero():
    recipe = dataclasses.replace(RECIPE, steps=100, warmup=10, cooldown=0.3)
    rates = [standin.learning_rate(step, recipe) / recipe.learning_rate for step in range(101)]
    assert rates[0] == pytest.approx(0.1) and rates[9:71] == pytest.approx([1.0] * 62)
    assert rates[85] == pytest.approx(0.5) and rates[100] == 0


def test_a_state_of_another_recipe_or_text_is_not_continued(tmp_path):
    stream = torch.arange(200, dtype=torch.int32) % RECIPE.vocabulary
    first = standin.Training(RECIPE, stream, torch.device("cpu"))
    first.advance()
    first.save_state(tmp_path / "state.pt")
    assert standin.Training(RECIPE, stream, torch.device("cpu")).load_state(tmp_path / "state.pt")
    for recipe, text in ((dataclasses.replace(RECIPE, steps=31), stream), (RECIPE, stream + 1)):
        other = standin.Training(recipe, text, torch.device("cpu"))
        assert not other.load_state(tmp_path / "state.pt") and other.step == 0
