"""Calibration windows of one text, of mixtures, of streams and of conversations."""

import json
import random

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file

from freeze_calibration import freeze_calibration
from freeze_evaluation import freeze_evaluation
from heavytail.data import tokens
from support.tiny_model import byte_tokenizer

TEMPLATE = "{% for m in messages %}<s>{{ m.role }}: {{ m.content }}\n{% endfor %}"


def write(folder, name, rows):
    lines = "".join(json.dumps({"name": str(n)} | row) + "\n" for n, row in enumerate(rows))
    (folder / f"{name}.jsonl").write_text(lines)
    told = {"source": name, "revision": "r", "documents": len(rows), "documents_sha256": "x"}
    (folder / f"{name}.json").write_text(json.dumps(told))


def numbered(word):
    return [{"text": f"{word} {n} " * (n % 40)} for n in range(300)]


@pytest.fixture
def freeze(model_folder, tmp_path):
    """Freezes the windows of texts with these weights; gives the file."""
    write(tmp_path, "c4", numbered("document"))
    write(tmp_path, "mine", numbered("own"))

    def freeze_(draw="documents", samples=8, **weights):
        settings = {"weights": weights, "draw": draw, "samples": samples, "length": 32, "seed": 3}
        paths = ([str(tmp_path / f"{name}.{end}") for name in weights] for end in ("jsonl", "json"))
        output = tmp_path / "out.safetensors"
        freeze_calibration(str(model_folder / "provenance.json"), *paths, settings, str(output))
        return output

    return freeze_


def ids(file):
    return load_file(file)["input_ids"]


def test_the_file_of_one_text_is_what_it_was_before_there_were_mixtures(freeze):
    file = freeze(c4=1.0)
    texts = [row["text"] for row in numbered("document")]
    assert torch.equal(ids(file), tokens.sample_windows(byte_tokenizer(), texts, 8, 32, 3))
    with safe_open(file, "pt") as opened:
        settings = {"dataset": "c4", "samples": "8", "length": "32", "seed": "3"}
        origin = {"source": "c4", "revision": "r", "documents": "300", "documents_sha256": "x"}
        assert opened.metadata() == settings | origin


def test_a_mixture_has_the_first_windows_of_each_text(freeze):
    alone = {name: ids(freeze(**{name: 1.0})) for name in ("c4", "mine")}
    mixed = freeze(c4=3, mine=1, samples=6)
    rows = [*alone["c4"][:2], alone["mine"][0], *alone["c4"][2:5]]
    assert torch.equal(ids(mixed), torch.stack(rows))
    with safe_open(mixed, "pt") as file:
        metadata = file.metadata()
    assert metadata["dataset"] == "c4 3, mine 1" and metadata["source"] == "c4, mine"


def test_every_beginning_of_a_mixture_is_mixed_alike():
    order = tokens.shares_of({"a": 0.5, "b": 0.3, "c": 0.2}, 100)
    assert [order.count(name) for name in "abc"] == [50, 30, 20]
    for end in range(1, 101):
        for name, share in (("a", 0.5), ("b", 0.3), ("c", 0.2)):
            assert abs(order[:end].count(name) - share * end) < 1
    assert tokens.shares_of({"a": 7}, 3) == ["a"] * 3


def test_a_stream_has_all_documents_in_the_seed_s_order():
    texts, tokenizer = ["one", "", "three", "a longer one"], byte_tokenizer()
    order = list(range(4))
    random.Random(5).shuffle(order)
    expected = [i for n in order for i in [*texts[n].encode(), -1]]
    found = tokens.stream_windows(tokenizer, texts, 3, 8, 5)
    bytes_of = {tokenizer.convert_tokens_to_ids(c): ord(c) for c in " abcdefghijklmnopqrstuvwxyz"}
    bytes_of |= {tokenizer("  ")["input_ids"][0]: 32, tokenizer.eos_token_id: -1}
    assert [bytes_of[i] for i in found.flatten().tolist()] == expected[:24]
    with pytest.raises(ValueError, match="have 24 tokens, too few for 4 windows of 8"):
        tokens.stream_windows(tokenizer, texts, 4, 8, 5)


def test_a_stream_needs_no_long_document(freeze, tmp_path):
    write(tmp_path, "mine", [{"text": f"short {n}"} for n in range(40)])
    with pytest.raises(ValueError, match="no calibration document has more than 32 tokens"):
        freeze(mine=1.0)
    with safe_open(freeze("stream", mine=1.0), "pt") as file:
        assert file.metadata()["draw"] == "stream"


CHATS = [{"messages": [{"role": "user", "content": f"say {n} " * 9}]} for n in range(30)]


def test_conversations_become_text_by_the_tokenizer_s_template():
    tokenizer = byte_tokenizer()
    with pytest.raises(ValueError, match="the model's tokenizer has no template"):
        tokens.texts_of(tokenizer, CHATS)
    tokenizer.chat_template = TEMPLATE
    texts, chat = tokens.texts_of(tokenizer, CHATS)
    assert chat and texts[2] == "<s>user: " + "say 2 " * 9 + "\n"
    (row,) = tokens.stream_windows(tokenizer, texts[:1], 1, 8, 0, special=not chat)
    assert row[0] == tokenizer.bos_token_id and tokenizer.decode(row) == "<s>user: s"
    with pytest.raises(ValueError, match="conversations and plain texts in one split"):
        tokens.texts_of(tokenizer, [*CHATS, {"text": "b"}])
    tokenizer.chat_template = "{{ raise_exception('roles must alternate') }}"
    with pytest.raises(ValueError, match="template refuses a conversation: roles must alternate"):
        tokens.texts_of(tokenizer, CHATS)


@pytest.mark.parametrize(("join", "told"), [("\n\n", "blank line"), (" ", "space")])
def test_the_joint_of_a_text_is_recorded(join, told, model_folder, tmp_path):
    write(tmp_path, "mine", [{"text": "ab"}, {"text": "cd"}])
    settings = {"key": "evaluation", "dataset": "mine", "split": "test", "join": join}
    settings |= {"length": 5, "windows": 1}
    paths = (str(tmp_path / f"mine.{end}") for end in ("jsonl", "json"))
    output = str(tmp_path / "out.safetensors")
    freeze_evaluation(str(model_folder / "provenance.json"), *paths, settings, output)
    assert byte_tokenizer().decode(ids(output)[0]) == f"ab{join}cd"[:5]
    with safe_open(output, "pt") as file:
        assert file.metadata()["join"] == told
