"""From documents to frozen token ids."""

import random
from bisect import bisect_left
from collections.abc import Mapping
from itertools import accumulate
from pathlib import Path
from typing import Any

import jinja2
import torch
from transformers import AutoConfig, AutoTokenizer, PreTrainedTokenizerBase

Texts = list[str]


def load_tokenizer(folder: str | Path, key: str, length: int) -> PreTrainedTokenizerBase:
    """The tokenizer of a model that will read windows of `length` tokens.

    Raises ValueError, which names the config key, if the model has fewer positions.
    """
    config = AutoConfig.from_pretrained(folder, local_files_only=True).get_text_config()
    # Some models have no limit.
    positions = getattr(config, "max_position_embeddings", None)
    if positions is not None and length > positions:
        raise ValueError(f"{key}: {length} exceeds the model's {positions} positions")
    return AutoTokenizer.from_pretrained(folder, local_files_only=True)


def check_vocabulary(ids: torch.Tensor, folder: str | Path) -> None:
    """Raise ValueError if a token id is outside the vocabulary of the model in a folder."""
    config = AutoConfig.from_pretrained(folder, local_files_only=True)
    size = config.get_text_config().vocab_size
    if ids.max().item() >= size:
        raise ValueError(
            f"{folder}: the tokenizer gives token {ids.max().item()}, expected ids below the "
            f"vocab_size of config.json, {size}"
        )


def texts_of(tokenizer: PreTrainedTokenizerBase, rows: list[dict[str, Any]]) -> tuple[Texts, bool]:
    """The texts of frozen documents, and whether they hold their special tokens themselves.

    Conversations become text by the tokenizer's own template, which writes the special tokens.

    Raises ValueError if the tokenizer has no template or its template refuses a conversation, or
    if only some of the documents are conversations.
    """
    chat = bool(rows) and "messages" in rows[0]
    if not chat:
        return [row["text"] for row in rows], False
    if not tokenizer.chat_template:
        raise ValueError("the text has conversations, but the model's tokenizer has no template")
    try:
        made = [tokenizer.apply_chat_template(row["messages"], tokenize=False) for row in rows]
        return [str(text) for text in made], True
    except KeyError as error:
        raise ValueError("found conversations and plain texts in one split") from error
    except jinja2.TemplateError as error:
        raise ValueError(f"the tokenizer's template refuses a conversation: {error}") from error


def sample_windows(
    tokenizer: PreTrainedTokenizerBase,
    documents: Texts,
    samples: int,
    length: int,
    seed: int,
    special: bool = True,
) -> torch.Tensor:
    """Random windows of random documents, drawn as the published Wanda and SparseGPT runs do.

    Documents are drawn until one is longer than `length`. Then a window of it is drawn. Both use
    Python's own generator with the run's seed, so C4 gives the published calibration sets.

    Args:
        tokenizer: the model's.
        documents: the texts.
        samples: the number of windows.
        length: tokens per window.
        seed: that of the run.
        special: whether the tokenizer adds its special tokens to each document.

    Returns:
        int64 [samples, length].

    Raises:
        ValueError: no document is long enough.
    """
    generator = random.Random(seed)
    if not documents:
        raise ValueError("there is no calibration document")
    windows: list[list[int]] = []
    rejected: set[int] = set()
    while len(windows) < samples:
        drawn = generator.randint(0, len(documents) - 1)
        ids = [] if drawn in rejected else _ids(tokenizer, documents[drawn], special)
        if len(ids) <= length:
            rejected.add(drawn)
            if len(rejected) == len(documents):
                raise ValueError(f"no calibration document has more than {length} tokens")
            continue
        start = generator.randint(0, len(ids) - length - 1)
        windows.append(ids[start : start + length])
    return torch.tensor(windows)


def stream_windows(
    tokenizer: PreTrainedTokenizerBase,
    documents: Texts,
    samples: int,
    length: int,
    seed: int,
    special: bool = True,
) -> torch.Tensor:
    """Adjacent windows of all documents as one stream, in an order that the seed draws.

    The arguments are those of `sample_windows`. An EOS token ends a document that does not have one
    of its own, if the tokenizer knows such a token. So short documents calibrate as well.

    Returns:
        int64 [samples, length].

    Raises:
        ValueError: all documents together are too short.
    """
    order = list(range(len(documents)))
    random.Random(seed).shuffle(order)
    end = [tokenizer.eos_token_id] if special and tokenizer.eos_token_id is not None else []
    ids: list[int] = []
    for number in order:
        own = _ids(tokenizer, documents[number], special)
        ids += own if own[-1:] == end else own + end
        if len(ids) >= samples * length:
            return torch.tensor(ids[: samples * length]).reshape(samples, length)
    raise ValueError(
        f"the calibration documents have {len(ids)} tokens, too few for {samples} windows of "
        f"{length}"
    )


def shares_of(weights: Mapping[str, float], samples: int) -> list[str]:
    """The text of each window of a mixture, such that every beginning is mixed alike.

    The next window is of the text that is furthest behind its share, of several the first.
    """
    taken, total, order = dict.fromkeys(weights, 0), sum(weights.values()), []
    for number in range(1, samples + 1):
        behind = {name: number * weights[name] / total - taken[name] for name in weights}
        order.append(max(weights, key=lambda name: behind[name]))
        taken[order[-1]] += 1
    return order


def _ids(tokenizer: PreTrainedTokenizerBase, text: str, special: bool) -> list[int]:
    return tokenizer(text, verbose=False, add_special_tokens=special)["input_ids"]


def beginning(documents: Texts, tokens: int) -> Texts:
    """The first documents that together have enough characters to hold so many tokens.

    16 characters per token are counted, where English and code have about four. To tokenize a whole
    C4 shard would take minutes.
    """
    ends = list(accumulate(map(len, documents)))
    return documents[: 1 + bisect_left(ends, 16 * tokens)]


def text_ids(
    tokenizer: PreTrainedTokenizerBase, documents: Texts, join: str, special: bool = True
) -> torch.Tensor:
    """The documents joined as one stream, int64 [tokens]; `special` as in `sample_windows`."""
    return torch.tensor(_ids(tokenizer, join.join(documents), special), dtype=torch.int64)


def windows_of(
    ids: torch.Tensor, length: int, count: int | None, key: str = "evaluation"
) -> torch.Tensor:
    """Cut token ids [tokens] into whole windows [windows, length]: the first `count`, or all.

    Raises ValueError, which names the config key, if the text is too short.
    """
    available = len(ids) // length
    taken = available if count is None else count
    if not 0 < taken <= available:
        expected = f"{max(taken, 1)} windows of {length}"
        raise ValueError(f"{key}: the text has {len(ids)} tokens, too few for {expected}")
    return ids[: taken * length].reshape(taken, length)
