"""Log-likelihoods of continuations: logits are formed where one is read, and nowhere else."""

import torch
from lm_eval.models.huggingface import HFLM
from lm_eval.models.utils import Collator
from torch.nn.functional import log_softmax
from torch.nn.utils.rnn import pad_sequence

from heavytail.models.head import logits_of

# The texts of a context and a continuation, and the token ids of each.
Request = tuple[tuple[str, str], list[int], list[int]]


class ContinuationScorer(HFLM):
    """lm-eval's model of transformers, with the same batches and the same log-likelihoods.

    Most tokens of a prompt are context, which nothing is asked of: their logits would take most of
    the memory of a batch, and a tenth of its time.
    """

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
        order = Collator(requests, sort_fn=_longest_first, group_fn=_input_of, group_by="contexts")
        found = []
        for batch in order.get_batched(n=self.batch_size):
            for (text, context, continuation), logs in zip(batch, self._logs(batch), strict=True):
                # Continuations that differ in their last token alone share their logits.
                for _, tokens, _ in order.get_cache(text, context, continuation, logs[None]):
                    read = logs[-len(tokens) :]
                    wanted = torch.tensor(tokens, device=self.device)
                    likeliest = bool((read.argmax(dim=-1) == wanted).all())
                    found.append((float(read.gather(1, wanted[:, None]).sum()), likeliest))
        return order.get_original(found)

    @torch.no_grad()
    def _logs(self, batch: list[Request]) -> list[torch.Tensor]:
        """The log-probabilities [continuation, vocabulary] that each request reads."""
        # A text that is too long loses its beginning.
        inputs = [torch.tensor(_input_of(request)[-self.max_length :]) for request in batch]
        padded = pad_sequence(inputs, batch_first=True).to(self.device)
        hidden = self.model.get_decoder()(padded, use_cache=False).last_hidden_state
        lengths = [len(continuation) for _, _, continuation in batch]
        read = [
            own[len(tokens) - length : len(tokens)]
            for own, tokens, length in zip(hidden, inputs, lengths, strict=True)
        ]
        logits = logits_of(self.model, self.model.get_decoder(), torch.cat(read)[None])[0]
        return log_softmax(logits, dim=-1, dtype=self.softmax_dtype).split(lengths)


def _input_of(request: Request) -> list[int]:
    """What the model reads: the last token is only ever predicted."""
    return request[1] + request[2][:-1]


def _longest_first(request: Request) -> tuple[int, tuple[int, ...]]:
    """The order of the batches."""
    tokens = request[1] + request[2]
    return -len(tokens), tuple(tokens)
