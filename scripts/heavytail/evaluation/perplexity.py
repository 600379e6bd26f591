"""Perplexity of a text in windows of fixed length."""

import math
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open

from heavytail.io.computed import versions
from heavytail.io.files import read_json, scratch, write_json
from heavytail.models import device
from heavytail.models.hidden_states import HiddenStates
from heavytail.models.streaming import StreamedModel, batches_of
from heavytail.pruning.artifact import Artifact


@torch.no_grad()
def negative_log_likelihoods(
    model: StreamedModel,
    windows: torch.Tensor,
    folder: Path | None = None,
    budget: float = float("inf"),
) -> torch.Tensor:
    """The mean negative log-likelihood in nats of each window's tokens but the first.

    Args:
        model: dense or pruned.
        windows: int64 [windows, length].
        folder, budget: where hidden states beyond so many bytes lie.

    Returns:
        float64 [windows]; log-probabilities are formed in float32.
    """
    states = model.finish(model.run(model.embed(batches_of(windows), folder, budget)))
    targets = [ids[:, 1:] for ids in batches_of(windows)]
    return losses_of(model, states, targets).mean(dim=1)


@torch.no_grad()
def losses_of(
    model: StreamedModel, states: HiddenStates, targets: list[torch.Tensor]
) -> torch.Tensor:
    """The negative log-likelihood in nats of tokens that follow others.

    The vocabulary goes by in parts, so that logits never exist as a whole: log Σ exp grows part by
    part, the target's logit comes from the part that holds it.

    Args:
        model: dense or pruned.
        states: what the decoder gives, in batches [batch, length, width].
        targets: for each batch the ids of the next tokens, int64 [batch, length] or less long.

    Returns:
        float64 [rows, length]; log-probabilities are formed in float32.
    """
    batches = [ids.flatten().to(model.device) for ids in targets]
    totals = [torch.full(ids.shape, -torch.inf, device=model.device) for ids in batches]
    found = [torch.zeros(ids.shape, device=model.device) for ids in batches]
    start, length = 0, targets[0].shape[1]
    for rows in model.vocabulary():
        for ids, hidden, total, target in zip(batches, states, totals, found, strict=True):
            logits = model.logits(hidden)[:, :length].flatten(0, 1).float()  # [tokens, rows]
            total.copy_(torch.logaddexp(total, logits.logsumexp(dim=1)))
            here = (ids >= start) & (ids < start + rows)
            # Picked everywhere, kept where it is meant: to pick some, a GPU's host would wait.
            row = (ids - start).clamp(0, rows - 1)
            picked = logits.gather(1, row[:, None]).squeeze(1)
            target.copy_(torch.where(here, picked, target))
        start += rows
    losses = torch.cat(totals).double() - torch.cat(found).double()
    return losses.reshape(-1, length).cpu()


def perplexity(losses: torch.Tensor) -> tuple[float | None, str | None]:
    """exp of the mean loss, or None and the reason when it is not a finite number."""
    mean = losses.mean().item()
    if math.isnan(mean):
        broken = int(losses.isnan().sum())
        return None, f"the loss is nan in {broken} of {len(losses)} windows"
    if mean > math.log(torch.finfo(torch.float64).max):
        return None, f"the mean loss of {mean:g} nats overflows"
    return math.exp(mean), None


def evaluate_perplexity(
    model: str, pruned: Artifact | None, tokens: str, budget: float, output: str
) -> None:
    """Write the record: the value, how it was got, and the loss of every window.

    Args:
        model: provenance.json in the model's folder.
        pruned: a cell of the model, None for the dense model.
        tokens: frozen windows.
        budget: bytes of hidden states that stay in memory.
        output: JSON.
    """
    streamed = StreamedModel(Path(model).parent, device.pick(), pruned)
    with safe_open(tokens, framework="pt") as frozen:
        windows, text = frozen.get_tensor("input_ids"), dict(sorted(frozen.metadata().items()))
    with scratch(output) as folder:
        losses = negative_log_likelihoods(streamed, windows, folder, budget)
    counts = {"windows": windows.shape[0], "length": windows.shape[1]}
    write_json(output, record(model, streamed, pruned, text | counts, losses))


def record(
    model: str,
    streamed: StreamedModel,
    pruned: Artifact | None,
    text: dict[str, Any],
    losses: torch.Tensor,
) -> dict[str, Any]:
    """What is kept of a measured perplexity.

    Args:
        model: provenance.json in the model's folder.
        streamed: the model that was measured.
        pruned: the cell that it is, None for the dense model.
        text: the text, and how much of it was scored.
        losses: float64 [windows or documents], whose mean is the logarithm of the perplexity.
    """
    value, reason = perplexity(losses)
    return {
        "perplexity": value,
        "reason": reason,
        "model": {key: read_json(model)[key] for key in ("source", "revision")},
        "realised_sparsity": pruned.realised_sparsity if pruned else 0.0,
        **text,
        "device": streamed.device.type,
        "dtype": str(streamed.dtype),
        "versions": versions("torch", "transformers"),
        "losses": [loss if math.isfinite(loss) else None for loss in losses.tolist()],
    }
