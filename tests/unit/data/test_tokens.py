import random

import pytest
import torch

from heavytail.data import tokens
from support.tiny_model import byte_tokenizer


def test_windows_are_drawn_as_the_published_loaders_do():
    documents = ["x" * 5, "abcdefghijklmnop" * 3, "short", "0123456789" * 4]
    found = tokens.sample_windows(byte_tokenizer(), documents, samples=6, length=16, seed=3)
    random.seed(3)
    expected = []
    while len(expected) < 6:
        text = documents[random.randint(0, len(documents) - 1)]
        if len(text) > 16:
            start = random.randint(0, len(text) - 16 - 1)
            expected.append(text[start : start + 16])
    assert [byte_tokenizer().decode(row) for row in found] == expected


def test_seeds_differ_and_repeat():
    documents = ["The quick brown fox jumps over the lazy dog. " * 9]
    draw = lambda seed: tokens.sample_windows(byte_tokenizer(), documents, 4, 16, seed)  # noqa: E731
    assert torch.equal(draw(0), draw(0))
    assert not torch.equal(draw(0), draw(1))


def test_text_that_is_too_short_says_so():
    with pytest.raises(ValueError, match="more than 100 tokens"):
        tokens.sample_windows(byte_tokenizer(), ["abc", "def"], 1, 100, 0)
    with pytest.raises(ValueError, match="3 tokens, too few for 1 windows of 8"):
        tokens.windows_of(torch.tensor([1, 2, 3]), 8, None)
    with pytest.raises(ValueError, match="20 tokens, too few for 5 windows of 5"):
        tokens.windows_of(torch.arange(20), 5, 5)


def test_windows_are_whole_in_order_and_limited():
    ids = torch.arange(23)
    assert tokens.windows_of(ids, 5, None).flatten().tolist() == list(range(20))
    assert tokens.windows_of(ids, 5, 2).tolist() == [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9]]


def test_documents_are_joined_by_blank_lines():
    ids = tokens.text_ids(byte_tokenizer(), ["one", "two"], "\n\n")
    assert byte_tokenizer().decode(ids) == "one\n\ntwo"
