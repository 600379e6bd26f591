"""Perplexity of a text in windows of fixed length."""

import math
from collections.abc import Iterator

import torch

from heavytail.streaming import Activations, StreamedModel, batches_of


@torch.no_grad()
def logits_of(model: StreamedModel, activations: list[Activations]) -> Iterator[torch.Tensor]:
    """The logits [batch, length, vocabulary] of each batch that has been through the blocks."""
    head, norm = model.causal.lm_head, model.decoder.norm
    tied = "lm_head.weight" not in model.checkpoint
    model.load(norm, "model.norm")
    model.load(head, "model.embed_tokens" if tied else "lm_head")
    for batch in activations:
        yield head(norm(batch.hidden))


def negative_log_likelihoods(model: StreamedModel, windows: torch.Tensor) -> torch.Tensor:
    """The mean negative log-likelihood in nats of each window's tokens but the first.

    Args:
        windows: int64 [windows, length].

    Returns:
        float64 [windows]; log-probabilities are formed in float32.
    """
    activations = model.run(model.embed(batches_of(windows)))
    means = []
    for ids, logits in zip(batches_of(windows), logits_of(model, activations), strict=True):
        targets = ids[:, 1:].flatten().to(logits.device)
        losses = torch.nn.functional.cross_entropy(
            logits[:, :-1].float().flatten(0, 1), targets, reduction="none"
        )
        means.append(losses.double().reshape(len(ids), -1).mean(dim=1).cpu())
    return torch.cat(means)


def perplexity(losses: torch.Tensor) -> tuple[float | None, str | None]:
    """exp of the mean loss, or None and the reason when it is not a finite number."""
    mean = losses.mean().item()
    if math.isnan(mean):
        broken = int(losses.isnan().sum())
        return None, f"the loss is nan in {broken} of {len(losses)} windows"
    if mean > math.log(torch.finfo(torch.float64).max):
        return None, f"the mean loss of {mean:g} nats overflows"
    return math.exp(mean), None
