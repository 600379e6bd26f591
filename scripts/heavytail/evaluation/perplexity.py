"""Perplexity of a text in windows of fixed length."""

import math
from pathlib import Path

import torch

from heavytail.models.streaming import StreamedModel, batches_of


@torch.no_grad()
def negative_log_likelihoods(
    model: StreamedModel,
    windows: torch.Tensor,
    folder: Path | None = None,
    budget: float = float("inf"),
) -> torch.Tensor:
    """The mean negative log-likelihood in nats of each window's tokens but the first.

    The vocabulary goes by in parts, so that logits never exist as a whole: log Σ exp grows part by
    part, the target's logit comes from the part that holds it.

    Args:
        model: dense or pruned.
        windows: int64 [windows, length].
        folder, budget: where hidden states beyond so many bytes lie.

    Returns:
        float64 [windows]; log-probabilities are formed in float32.
    """
    states = model.finish(model.run(model.embed(batches_of(windows), folder, budget)))
    batches = [ids[:, 1:].flatten().to(model.device) for ids in batches_of(windows)]
    totals = [torch.full(ids.shape, -torch.inf, device=model.device) for ids in batches]
    targets = [torch.zeros(ids.shape, device=model.device) for ids in batches]
    start = 0
    for part in model.vocabulary():
        for ids, hidden, total, target in zip(batches, states, totals, targets, strict=True):
            logits = (hidden[:, :-1].flatten(0, 1) @ part.T).float()  # [tokens, rows]
            total.copy_(torch.logaddexp(total, logits.logsumexp(dim=1)))
            here = (ids >= start) & (ids < start + len(part))
            target[here] = logits[here, ids[here] - start]
        start += len(part)
    losses = torch.cat(totals).double() - torch.cat(targets).double()
    return losses.reshape(len(windows), -1).mean(dim=1).cpu()


def perplexity(losses: torch.Tensor) -> tuple[float | None, str | None]:
    """exp of the mean loss, or None and the reason when it is not a finite number."""
    mean = losses.mean().item()
    if math.isnan(mean):
        broken = int(losses.isnan().sum())
        return None, f"the loss is nan in {broken} of {len(losses)} windows"
    if mean > math.log(torch.finfo(torch.float64).max):
        return None, f"the mean loss of {mean:g} nats overflows"
    return math.exp(mean), None
