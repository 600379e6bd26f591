"""Windows of a text that are scored in part: with a stride, a BOS each, or by documents.

A row of token ids goes through a model once. What is scored are its last tokens, so that each token
of the text is scored once, and the others are context.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypedDict

import torch
from transformers import PreTrainedTokenizerBase

from heavytail.data.tokens import Texts, text_ids


class Protocol(TypedDict):
    """How a text is cut and what is counted, as the config's `evaluation`.

    Attributes:
        join: what stands between two documents, if they are not scored one by one.
        pages: whether documents are lines of WikiText's pages.
    """

    length: int
    stride: int | None
    windows: int | None
    bos: str
    unit: str
    join: str
    pages: bool


@dataclass(frozen=True)
class Scored:
    """Rows of token ids, of which the last ones are scored.

    Attributes:
        input_ids: int64 [rows, width]; a row that is shorter ends in zeros.
        ends: int64 [rows], the ids of each row.
        scored: int64 [rows], how many of them are scored.
        groups: int64 [rows], the window or document that a row belongs to; ascending from 0.
        units: int64 [groups], the tokens, words or bytes of each.
    """

    input_ids: torch.Tensor
    ends: torch.Tensor
    scored: torch.Tensor
    groups: torch.Tensor
    units: torch.Tensor

    def tensors(self) -> dict[str, torch.Tensor]:
        """All of them by name."""
        return {name: tensor.contiguous() for name, tensor in vars(self).items()}


# What stands between two documents, as records call it.
JOINS = {"\n\n": "blank line", " ": "space", "": "nothing"}


def words(text: str) -> int:
    """The words of a text as lm-eval counts them: one more than stretches of white space."""
    return len(re.split(r"\s+", text))


def in_bytes(text: str) -> int:
    """The bytes of a text in UTF-8."""
    return len(text.encode())


COUNTS: dict[str, Callable[[str], int]] = {"word": words, "byte": in_bytes}


def token_windows(
    ids: torch.Tensor, length: int, stride: int | None, bos: int | None, count: int | None
) -> Scored:
    """Whole windows of a stream of token ids, one every `stride` tokens.

    The first window is scored but for its first token, the others where they go beyond the one
    before.

    Args:
        ids: int64 [tokens].
        length: tokens per window, with the BOS token.
        stride: None for windows that follow on each other.
        bos: the token that begins each window; None for none.
        count: the number of windows; None for all.

    Raises:
        ValueError: the text is too short.
    """
    content = length - (bos is not None)
    step = stride or content
    available = max(0, (len(ids) - content) // step + 1)
    taken = available if count is None else count
    if not 0 < taken <= available:
        expected = f"{max(taken, 1)} windows of {length}"
        raise ValueError(f"evaluation: the text has {len(ids)} tokens, too few for {expected}")
    rows = ids.unfold(0, content, step)[:taken]
    if bos is not None:
        rows = torch.cat((torch.full((taken, 1), bos), rows), dim=1)
    scored = torch.full((taken,), min(step, length - 1))
    scored[0] = length - 1
    return Scored(rows, torch.full((taken,), length), scored, torch.arange(taken), scored.clone())


def document_windows(
    documents: list[list[int]],
    units: list[int],
    length: int,
    stride: int | None,
    prefix: int,
    count: int | None,
) -> Scored:
    """The windows of each document by itself, as lm-eval rolls over a text.

    All tokens of a document are scored, the first one after `prefix`. A row has at most `length`
    tokens and the one that follows.

    Args:
        documents: the token ids of each.
        units: the words or bytes of each.
        length: tokens that the model reads at a time.
        stride: tokens that a row scores, but for the first of a document; None for as many as it
            can.
        prefix: the token that stands before a document.
        count: whole documents from the first on are taken as long as their rows are at most so
            many; None for all.

    Raises:
        ValueError: there is no document, or the first has more rows than `count`.
    """
    from lm_eval.utils import get_rolling_token_windows, make_disjoint_window

    context = length - (stride or length) + 1
    rows: list[list[int]] = []
    scored: list[int] = []
    groups: list[int] = []
    for number, ids in enumerate(documents):
        rolled = [*get_rolling_token_windows(ids, prefix, length, context)]
        if count is not None and len(rows) + len(rolled) > count:
            break
        for before, own in map(make_disjoint_window, rolled):
            rows.append([*before, *own])
            scored.append(len(own))
            groups.append(number)
    taken = groups[-1] + 1 if groups else 0
    if not taken:
        raise ValueError(f"evaluation.windows: the first document has more than {count} windows")
    table = torch.nn.utils.rnn.pad_sequence([torch.tensor(row) for row in rows], batch_first=True)
    return Scored(
        table,
        torch.tensor([len(row) for row in rows]),
        torch.tensor(scored),
        torch.tensor(groups),
        torch.tensor(units[:taken]),
    )


def wikitext_pages(rows: Texts) -> Texts:
    """The pages of WikiText from its lines, as lm-eval's task of this name has them.

    Args:
        rows: the lines of the hub's data set, which writes one of white space as an empty one.
    """
    pages: list[list[str]] = [[]]
    for line in "".join(row or " \n" for row in rows).split("\n"):
        title = line.replace("= = =", "===").replace("= =", "==").strip()
        if title.startswith("= ") and title.endswith(" ="):
            pages.append([])
        pages[-1].append(line)
    return [page for page in map("\n".join, pages) if page.strip()]


def cut(tokenizer: PreTrainedTokenizerBase, texts: Texts, chat: bool, settings: Protocol) -> Scored:
    """The rows of a protocol.

    Args:
        tokenizer: the model's.
        texts: the documents.
        chat: whether they hold their special tokens themselves.
        settings: the protocol.

    Raises:
        ValueError: the text is too short, or the tokenizer lacks a token that is needed.
    """
    length, stride, count = settings["length"], settings["stride"], settings["windows"]
    special = settings["bos"] == "tokenizer" and not chat
    if settings["unit"] == "token":
        join = "" if chat else settings["join"]
        bos = _needed(tokenizer.bos_token_id) if settings["bos"] == "windows" else None
        ids = text_ids(tokenizer, texts, join, special)
        return token_windows(ids, length, stride, bos, count)
    originals = texts
    if settings["pages"]:
        from lm_eval.tasks.wikitext.preprocess_wikitext import wikitext_detokenizer

        originals = wikitext_pages(texts)
        texts = [wikitext_detokenizer({"page": page}) for page in originals]
    first = tokenizer.eos_token_id if tokenizer.bos_token_id is None else tokenizer.bos_token_id
    ids_of = [tokenizer(t, verbose=False, add_special_tokens=special)["input_ids"] for t in texts]
    units = list(map(COUNTS[settings["unit"]], originals))
    return document_windows(ids_of, units, length, stride, _needed(first), count)


def told(settings: Protocol, tokenizer: PreTrainedTokenizerBase, chat: bool) -> dict[str, str]:
    """What a record says of a protocol beside its text."""
    adds = settings["bos"] == "tokenizer" and not chat and bool(tokenizer("")["input_ids"])
    apart = settings["unit"] != "token"
    bos = "before every document" if apart else "before every window"
    if not apart and settings["bos"] != "windows":
        bos = "once, before the text" if adds else "none"
    elif apart and adds:
        bos = "twice before every document: as context, and scored"
    return {
        "join": "documents apart" if apart else JOINS["" if chat else settings["join"]],
        "bos": bos,
        "length": str(settings["length"]),
        "stride": str(settings["stride"] or settings["length"]),
        "unit": settings["unit"],
    }


def _needed(token: int | None) -> int:
    if token is None:
        raise ValueError("evaluation.bos: the model's tokenizer has no BOS token")
    return token
