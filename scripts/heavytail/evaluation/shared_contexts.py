"""lm-eval's model of transformers, which reads what choices have in common once."""

import logging
from typing import Any

import torch
from torch.nn.functional import log_softmax
from torch.nn.utils.rnn import pad_sequence
from transformers import PreTrainedModel

from heavytail.evaluation.generating import WatchedScorer
from heavytail.evaluation.packing import Row, batches, packed
from heavytail.models.head import logits_of

# The texts of a context and a continuation, and the token ids of each.
Request = tuple[tuple[str, str], list[int], list[int]]
# A batch's tokens, with padding. Fixed, because it may change the last digits.
BATCH_TOKENS = 4096
# Logits of so many tokens exist at a time.
READ_TOKENS = 1024
# Layers whose tokens see all tokens before them, or those in a window.
ATTENTION = {"full_attention", "sliding_attention"}
log = logging.getLogger(__name__)


class SharedContextScorer(WatchedScorer):
    """The same log-likelihoods, but for rounding, in fewer tokens.

    The choices of a question stand behind its context, in one row. An attention mask hides them
    from each other, and each has the positions that follow the context. Logits are formed where one
    is read, and nowhere else.
    """

    def __init__(self, **keywords: Any) -> None:
        """Take what HFLM takes, with a model that is loaded."""
        super().__init__(**keywords)
        self._longest = longest_shared(self.model, self.max_length)

    def tok_encode(
        self, string: str, add_special_tokens: bool | None = None, **options: int | None
    ) -> list[int]:
        """The token ids of a text. lm-eval looks for a BOS in it, which not every tokenizer has."""
        if self.prefix_token_id is None:
            add_special_tokens = False
        return super().tok_encode(string, add_special_tokens, **options)

    def _loglikelihood_tokens(
        self, requests: list[Request], disable_tqdm: bool = False, override_bs: int | None = None
    ) -> list[tuple[float, bool]]:
        """Per request the log-likelihood in nats, and whether every token is the likeliest."""
        # The last token is only ever predicted, and a text that is too long loses its beginning.
        inputs = [(context + end)[-self.max_length - 1 : -1] for _, context, end in requests]
        found: list[tuple[float, bool]] = [(0.0, True)] * len(requests)
        for batch in batches(packed(inputs, self._longest), BATCH_TOKENS) if requests else ():
            members = [
                (row, number, own[-len(requests[number][2]) :])
                for row, content in enumerate(batch)
                for number, own in content.members
            ]
            rows = torch.tensor([row for row, _, read in members for _ in read])
            columns = torch.tensor([column for _, _, read in members for column in read])
            wanted = torch.tensor([t for _, number, _ in members for t in requests[number][2]])
            logs, likeliest = self._read(last_hidden(self.model, batch), rows, columns, wanted)
            lengths = [len(read) for _, _, read in members]
            for (_, number, _), own, best in zip(
                members, logs.split(lengths), likeliest.split(lengths), strict=True
            ):
                found[number] = float(own.sum()), bool(best.all())
        return found

    @torch.no_grad()
    def _read(
        self,
        hidden: torch.Tensor,
        rows: torch.Tensor,
        columns: torch.Tensor,
        wanted: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """The log-probability of each wanted token [reads], and whether it is the likeliest."""
        logs, likeliest = [], []
        where = (part.to(self.device).split(READ_TOKENS) for part in (rows, columns, wanted))
        for row, column, token in zip(*where, strict=True):
            read = hidden[None, row, column]
            logits = logits_of(self.model, self.model.get_decoder(), read)[0]
            scores = log_softmax(logits, dim=-1, dtype=self.softmax_dtype)
            logs.append(scores.gather(1, token[:, None])[:, 0])
            likeliest.append(scores.argmax(dim=-1) == token)
        return torch.cat(logs).cpu(), torch.cat(likeliest).cpu()


@torch.no_grad()
def last_hidden(model: PreTrainedModel, batch: list[Row]) -> torch.Tensor:
    """What the output embedding reads of a batch of rows: [rows, length, width]."""

    def padded(parts: list[list[int]], value: int) -> torch.Tensor:
        own = [torch.tensor(part) for part in parts]
        return pad_sequence(own, batch_first=True, padding_value=value).to(model.device)

    ids = padded([row.tokens for row in batch], 0)
    if not any(row.shared for row in batch):
        return model.get_decoder()(input_ids=ids, use_cache=False).last_hidden_state
    branches = padded([row.branches for row in batch], -1)
    seen = (branches[:, None, :] == 0) | (branches[:, None, :] == branches[:, :, None])
    return model.get_decoder()(
        input_ids=ids,
        position_ids=padded([row.positions for row in batch], 0),
        attention_mask=seen.tril()[:, None],
        use_cache=False,
    ).last_hidden_state


def longest_shared(model: PreTrainedModel, longest: int) -> int:
    """How many tokens a request may have whose context is shared: 0 if the model cannot share.

    A short text tells whether the model follows positions and masks as they are given. Where a
    layer sees a window of tokens alone, no request may be longer than the window.
    """
    config = model.config.get_text_config()
    kinds = set(getattr(config, "layer_types", None) or ()) - ATTENTION
    problem = f"layers of the kind {', '.join(sorted(kinds))}" if kinds else _difference(model)
    if problem:
        log.info("contexts are not shared: %s", problem)
        return 0
    return min(longest, getattr(config, "sliding_window", None) or longest)


@torch.no_grad()
def _difference(model: PreTrainedModel) -> str | None:
    """How a row of two requests differs from a row for each; None if it does not."""
    size = model.config.get_text_config().vocab_size
    beginning, *ends = ([(7 * n + k) % size for n in range(k, k + 6)] for k in (1, 20, 40))
    requests = [beginning + end for end in ends]
    (together,) = packed(requests, len(requests[0]))
    apart = torch.cat([last_hidden(model, packed([request], 0)) for request in requests])
    try:
        hidden = last_hidden(model, [together])[0]
    except (TypeError, ValueError, RuntimeError, IndexError) as error:
        return f"a row of two requests fails ({type(error).__name__})"
    found = torch.stack([hidden[own] for _, own in together.members])
    distance = float((found - apart).float().norm() / apart.float().norm())
    allowed = torch.finfo(apart.dtype).eps ** 0.5
    return None if distance <= allowed else f"a row of two requests differs by {distance:.2g}"
