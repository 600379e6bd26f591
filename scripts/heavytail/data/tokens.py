"""From documents to frozen token ids."""

import random
from bisect import bisect_left
from itertools import accumulate
from pathlib import Path

import torch
from transformers import AutoConfig, AutoTokenizer, PreTrainedTokenizerBase


def load_tokenizer(folder: str | Path, key: str, length: int) -> PreTrainedTokenizerBase:
    """The tokenizer of a model that will read windows of `length` tokens.

    Raises ValueError, which names the config key, if the model has fewer positions.
    """
    config = AutoConfig.from_pretrained(folder, local_files_only=True)
    # Some models have no limit.
    positions = getattr(config, "max_position_embeddings", None)
    if positions is not None and length > positions:
        raise ValueError(f"{key}: {length} exceeds the model's {positions} positions")
    return AutoTokenizer.from_pretrained(folder, local_files_only=True)


def check_vocabulary(ids: torch.Tensor, folder: str | Path) -> None:
    """Raise ValueError if a token id is outside the vocabulary of the model in a folder."""
    size = AutoConfig.from_pretrained(folder, local_files_only=True).vocab_size
    if ids.max().item() >= size:
        raise ValueError(
            f"{folder}: the tokenizer gives token {ids.max().item()}, expected ids below the "
            f"vocab_size of config.json, {size}"
        )


def sample_windows(
    tokenizer: PreTrainedTokenizerBase,
    documents: list[str],
    samples: int,
    length: int,
    seed: int,
) -> torch.Tensor:
    """Random windows of random documents, drawn as the published Wanda and SparseGPT runs do.

    Documents are drawn until one is longer than `length`. Then a window of it is drawn. Both use
    Python's own generator with the run's seed, so C4 gives the published calibration sets.

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
        ids = [] if drawn in rejected else tokenizer(documents[drawn], verbose=False)["input_ids"]
        if len(ids) <= length:
            rejected.add(drawn)
            if len(rejected) == len(documents):
                raise ValueError(f"no calibration document has more than {length} tokens")
            continue
        start = generator.randint(0, len(ids) - length - 1)
        windows.append(ids[start : start + length])
    return torch.tensor(windows)


def beginning(documents: list[str], tokens: int) -> list[str]:
    """The first documents that together have enough characters to hold so many tokens.

    16 characters per token are counted, where English and code have about four. To tokenize a whole
    C4 shard would take minutes.
    """
    ends = list(accumulate(map(len, documents)))
    return documents[: 1 + bisect_left(ends, 16 * tokens)]


def text_ids(tokenizer: PreTrainedTokenizerBase, documents: list[str]) -> torch.Tensor:
    """The documents joined by blank lines as one stream, int64 [tokens]."""
    return torch.tensor(tokenizer("\n\n".join(documents), verbose=False)["input_ids"])


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
