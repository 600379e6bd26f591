"""Continuations scored where they are read, against lm-eval's model, which scores every token."""

import pytest
import torch
from lm_eval.models.huggingface import HFLM
from transformers import AutoTokenizer

from heavytail.config.families import FAMILIES
from heavytail.evaluation.continuations import ContinuationScorer
from heavytail.models.loading import load_model
from support.tiny_model import save_model

CPU = torch.device("cpu")
LONGEST = 64


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
    ours = ContinuationScorer(**opened)._loglikelihood_tokens(asked)
    assert [likeliest for _, likeliest in ours] == [likeliest for _, likeliest in theirs]
    logs, expected = (torch.tensor([log for log, _ in scores]) for scores in (ours, theirs))
    torch.testing.assert_close(logs, expected, rtol=1e-6, atol=1e-5)
    # The scores differ by far more than that from each other.
    assert len(set(logs.round(decimals=2).tolist())) > len(asked) / 2


def test_the_likeliest_continuation_is_told(opened):
    scorer, context = ContinuationScorer(**opened), [1, 2, 3]
    with torch.no_grad():
        best = opened["pretrained"](torch.tensor([context])).logits[0, -1].argmax().item()
    asked = [(("", ""), context, [best]), (("", ""), context, [(best + 1) % 256])]
    assert [likeliest for _, likeliest in scorer._loglikelihood_tokens(asked)] == [True, False]


def test_no_logits_are_formed_of_a_context(opened):
    asked, formed = requests(seed=1), []
    head = opened["pretrained"].get_output_embeddings()
    head.register_forward_pre_hook(lambda _, inputs: formed.append(inputs[0][..., 0].numel()))
    ContinuationScorer(**opened)._loglikelihood_tokens(asked)
    # Continuations of one token of the same context share theirs.
    shared = {(tuple(context), tuple(choice[:-1])): len(choice) for _, context, choice in asked}
    assert sum(formed) == sum(shared.values())
