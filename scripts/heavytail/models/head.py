"""What stands around the blocks and behind the decoder: the model's own code, whatever it is.

Behind the last norm there may be more than the output embedding: a scale, a cap, a transform.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

import torch
from torch import nn

# Pruning without a statistic runs no block, and takes less time than the library's import.
if TYPE_CHECKING:
    from transformers import PreTrainedModel
    from transformers.utils import ModelOutput


def decoder_of(causal: PreTrainedModel, blocks: str) -> PreTrainedModel:
    """The innermost model that has the blocks: it turns token ids into hidden states.

    Args:
        causal: the whole model.
        blocks: the name of its list of blocks.
    """
    from transformers import PreTrainedModel

    names = blocks.split(".")
    outer = (causal.get_submodule(".".join(names[:end])) for end in range(len(names) - 1, 0, -1))
    return next(one for one in outer if isinstance(one, PreTrainedModel))


@cache
def _answer() -> type[ModelOutput]:
    """Hidden states, and nothing of all else that a decoder may give."""
    from transformers.modeling_outputs import BaseModelOutputWithPastAndCrossAttentions

    class Answer(BaseModelOutputWithPastAndCrossAttentions):
        def __getattr__(self, name: str) -> None:
            # What a model asks of its own kind of output.
            if name.startswith("__"):
                raise AttributeError(name)

    return Answer


def models_beside(causal: PreTrainedModel, blocks: str) -> tuple[str, ...]:
    """The names of the models beside the one with the blocks, which no text goes through.

    Arguments as of `decoder_of`.
    """
    from transformers import PreTrainedModel

    own = decoder_of(causal, blocks)
    inner = {*map(id, own.modules())}
    return tuple(
        name
        for name, module in causal.named_modules()
        if isinstance(module, PreTrainedModel)
        and id(module) not in inner
        and not blocks.startswith(f"{name}." if name else "")
    )


@contextmanager
def _answering(causal: PreTrainedModel, decoder: nn.Module, hidden: torch.Tensor) -> Iterator[None]:
    """Let the decoder, and what it is a part of, give these hidden states, whatever is asked."""
    from transformers import PreTrainedModel

    output = _answer()(last_hidden_state=hidden)
    names = next(name for name, module in causal.named_modules() if module is decoder).split(".")
    around = [causal.get_submodule(".".join(names[:end])) for end in range(1, len(names) + 1)]
    asked = [module for module in around if isinstance(module, PreTrainedModel)]
    for module in asked:
        module.forward = lambda *_arguments, **_keywords: output
    try:
        yield
    finally:
        for module in asked:
            del module.forward


def logits_of(causal: PreTrainedModel, decoder: nn.Module, hidden: torch.Tensor) -> torch.Tensor:
    """What a model makes of its decoder's outputs [batch, length, width]: logits of each token."""
    ids = torch.zeros(hidden.shape[:2], dtype=torch.long, device=hidden.device)
    with _answering(causal, decoder, hidden):
        return causal(input_ids=ids, use_cache=False).logits


def equal(one: object, other: object) -> bool:
    """Whether two values are the same to a model: tensors by content, all else by itself."""
    if isinstance(one, torch.Tensor) and isinstance(other, torch.Tensor):
        return one.shape == other.shape and torch.equal(one, other)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(equal, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(equal(one[key], other[key]) for key in one)
    return one is other or (not isinstance(one, torch.Tensor) and bool(one == other))
