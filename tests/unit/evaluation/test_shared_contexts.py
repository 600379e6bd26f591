"""Choices that share a context, against lm-eval's model, which reads it once for each."""

import logging

import pytest
import torch
from lm_eval.models.huggingface import HFLM
from transformers import AutoTokenizer, BloomConfig, BloomForCausalLM

from heavytail.config.families import FAMILIES
from heavytail.evaluation import shared_contexts
from heavytail.evaluation.shared_contexts import SharedContextScorer
from heavytail.models.loading import load_model
from support.tiny_model import save_model

CPU = torch.device("cpu")
LONGEST = 64
# Families whose attention counts the tokens between two in a row, whatever positions they have.
DISTANCES_IN_THE_ROW = {"bloom", "mpt"}


def requests(seed: int) -> list[tuple[tuple[str, str], list[int], list[int]]]:
    """Contexts with four continuations each, some of one token, one longer than the model."""
    draw = torch.Generator().manual_seed(seed)

    def tokens(least: int, most: int) -> list[int]:
        length = int(torch.randint(least, most + 1, (), generator=draw))
        return torch.randint(0, 256, (length,), generator=draw).tolist()

    contexts = [*(tokens(1, 30) for _ in range(6)), tokens(90, 100)]
    continuations = [(context, tokens(1, 9)) for context in contexts for _ in range(4)]
    ones = [(context, [token]) for context in contexts for token in (5, 6, 7)]
    pairs = [*continuations, *ones]
    return [((f"context {n}", f"choice {n}"), *pair) for n, pair in enumerate(pairs)]


@pytest.fixture(params=FAMILIES)
def opened(request, tmp_path) -> dict:
    """How lm-eval opens a model of a family and its tokenizer."""
    folder = save_model(tmp_path / "model", request.param, max_position_embeddings=LONGEST)
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    return {"pretrained": load_model(folder, CPU), "tokenizer": tokenizer, "batch_size": 8}


def test_scores_are_those_of_lm_eval(opened):
    asked = requests(seed=0)
    theirs = HFLM(**opened)._loglikelihood_tokens(asked, disable_tqdm=True)
    ours = SharedContextScorer(**opened)._loglikelihood_tokens(asked)
    assert [likeliest for _, likeliest in ours] == [likeliest for _, likeliest in theirs]
    logs, expected = (torch.tensor([log for log, _ in scores]) for scores in (ours, theirs))
    torch.testing.assert_close(logs, expected, rtol=1e-6, atol=1e-5)
    # The scores differ by far more than that from each other.
    assert len(set(logs.round(decimals=2).tolist())) > len(asked) / 2


def test_the_likeliest_continuation_is_told(opened):
    scorer, context = SharedContextScorer(**opened), [1, 2, 3]
    with torch.no_grad():
        best = opened["pretrained"](torch.tensor([context])).logits[0, -1].argmax().item()
    asked = [(("", ""), context, [best]), (("", ""), context, [(best + 1) % 256])]
    assert [likeliest for _, likeliest in scorer._loglikelihood_tokens(asked)] == [True, False]


def test_contexts_are_read_once_and_logits_formed_where_they_are_needed(opened):
    asked, formed, read = requests(seed=1), [], []
    model = opened["pretrained"]
    scorer = SharedContextScorer(**opened)
    model.get_output_embeddings().register_forward_pre_hook(
        lambda _, inputs: formed.append(inputs[0].shape[-2])
    )
    model.get_input_embeddings().register_forward_pre_hook(
        lambda _, inputs: read.append(inputs[0].numel())
    )
    scorer._loglikelihood_tokens(asked)
    assert sum(formed) == sum(len(choice) for _, _, choice in asked)
    apart = sum(min(len(context + choice) - 1, LONGEST) for _, context, choice in asked)
    if model.config.model_type in DISTANCES_IN_THE_ROW:
        assert sum(read) >= apart
    else:
        assert sum(read) < 0.7 * apart


def test_a_request_longer_than_a_sliding_window_stands_alone(tmp_path):
    folder = save_model(
        tmp_path / "model", "mistral", max_position_embeddings=LONGEST, sliding_window=16
    )
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    opened = {"pretrained": load_model(folder, CPU), "tokenizer": tokenizer, "batch_size": 8}
    asked = requests(seed=2)
    theirs = HFLM(**opened)._loglikelihood_tokens(asked, disable_tqdm=True)
    ours = SharedContextScorer(**opened)._loglikelihood_tokens(asked)
    logs, expected = (torch.tensor([log for log, _ in scores]) for scores in (ours, theirs))
    torch.testing.assert_close(logs, expected, rtol=1e-6, atol=1e-5)


def test_a_model_that_does_not_follow_given_positions_does_not_share(tmp_path, caplog):
    """BLOOM makes its positions of a mask with two dimensions."""
    config = BloomConfig(vocab_size=260, hidden_size=32, n_layer=2, n_head=4)
    torch.manual_seed(0)
    model = BloomForCausalLM(config).eval()
    with caplog.at_level(logging.INFO):
        assert shared_contexts.longest_shared(model, LONGEST) == 0
    assert "contexts are not shared: a row of two requests" in caplog.text


def test_a_model_with_layers_of_another_kind_does_not_share(opened, caplog):
    model = opened["pretrained"]
    model.config.layer_types = ["full_attention", "linear_attention"]
    with caplog.at_level(logging.INFO):
        assert shared_contexts.longest_shared(model, LONGEST) == 0
    assert "contexts are not shared: layers of the kind linear_attention" in caplog.text
