"""Perplexity by a protocol that scores rows in part, per token, word or byte.

This stands apart from `perplexity.py`, so that a change here measures no record of the published
protocol again.
"""

from pathlib import Path

import torch
from safetensors import safe_open

from heavytail.evaluation.perplexity import evaluate_perplexity, losses_of, record
from heavytail.io.files import scratch, write_json
from heavytail.models import device
from heavytail.models.streaming import StreamedModel, batches_of
from heavytail.pruning.artifact import Artifact


@torch.no_grad()
def token_losses(
    model: StreamedModel,
    rows: torch.Tensor,
    folder: Path | None = None,
    budget: float = float("inf"),
) -> torch.Tensor:
    """The negative log-likelihood in nats of each token of each row but the first.

    Args:
        model: dense or pruned.
        rows: token ids, int64 [rows, width]; the model does not read the last of each.
        folder, budget: where hidden states beyond so many bytes lie.

    Returns:
        float64 [rows, width - 1]; log-probabilities are formed in float32.
    """
    inputs = rows[:, :-1]
    states = model.finish(model.run(model.embed(batches_of(inputs), folder, budget)))
    step = len(next(batches_of(inputs)))
    return losses_of(model, states, list(rows[:, 1:].split(step)))


def group_losses(losses: torch.Tensor, found: dict[str, torch.Tensor]) -> torch.Tensor:
    """The loss of each window or document, such that their mean is the loss per unit.

    Args:
        losses: of `token_losses`.
        found: "ends", "scored", "groups" and "units" of a `Scored`.

    Returns:
        float64 [groups]: nats of a group × number of groups / units of all groups.
    """
    place, ends = torch.arange(losses.shape[1]), found["ends"][:, None] - 1
    counts = (place < ends) & (place >= ends - found["scored"][:, None])
    # What stands behind the end of a row may be anything, nan as well.
    rows = torch.where(counts, losses, 0.0).sum(dim=1)
    nats = torch.zeros(len(found["units"]), dtype=torch.float64)
    nats.index_add_(0, found["groups"], rows)
    return nats * len(nats) / found["units"].sum()


def evaluate_protocol(
    model: str, pruned: Artifact | None, tokens: str, budget: float, output: str
) -> None:
    """Write the record: the value, how it was got, and the loss of every window or document.

    The arguments are those of `evaluate_perplexity`, which this calls for whole windows.
    """
    with safe_open(tokens, framework="pt") as frozen:
        found = {name: frozen.get_tensor(name) for name in frozen.keys()}  # noqa: SIM118
        text = dict(sorted(frozen.metadata().items()))
    if set(found) == {"input_ids"}:
        evaluate_perplexity(model, pruned, tokens, budget, output)
        return
    streamed = StreamedModel(Path(model).parent, device.pick(), pruned)
    rows = found["input_ids"]
    with scratch(output) as folder:
        losses = group_losses(token_losses(streamed, rows, folder, budget), found)
    counts = {
        "windows": len(rows),
        "length": int(text["length"]),
        "tokens": int(found["scored"].sum()),
        "units": int(found["units"].sum()),
    }
    write_json(output, record(model, streamed, pruned, text | counts, losses))
