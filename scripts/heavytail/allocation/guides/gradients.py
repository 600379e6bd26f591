"""Gradients of the loss with respect to each block, with one block's graph in memory at a time."""

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from heavytail.io.computed import Stopwatch, versions
from heavytail.io.files import read_json, scratch, sha256, write_json
from heavytail.models import device
from heavytail.models.hidden_states import HiddenStates
from heavytail.models.streaming import StreamedModel, batches_of
from heavytail.models.trajectory import trajectory

# More entries than any vocabulary has.
WHOLE = 2**31


def _output_slopes(model: StreamedModel, windows: torch.Tensor, states: HiddenStates) -> None:
    """Replace the last block's outputs by the gradient of the summed loss with respect to them."""
    # The one part of the vocabulary that has all of it.
    for entries in model.vocabulary(WHOLE):
        for number, ids in enumerate(batches_of(windows)):
            hidden = states[number].detach().requires_grad_()
            logits = model.logits(model.end(hidden))[:, :-1].reshape(-1, entries).float()
            targets = ids[:, 1:].flatten().to(logits.device)
            loss = nn.functional.cross_entropy(logits, targets, reduction="sum")
            (states[number],) = torch.autograd.grad(loss, hidden)


def gradient_norms(
    model: StreamedModel, windows: torch.Tensor, states: list[HiddenStates]
) -> list[float]:
    """The norm of each block's gradient of the mean next-token loss in nats.

    The blocks are computed again from their inputs, from the last to the first. So only hidden
    states and the gradients of one block are in memory; the gradients are summed in float32.
    Attention uses its plain kernel, because the fast ones add up gradients in any order.

    Args:
        model: the dense model.
        windows: token ids, int64 [windows, length].
        states: their `trajectory`; the last element is overwritten.

    Raises:
        ValueError: a gradient is not finite; the message names the block.
    """
    with sdpa_kernel(SDPBackend.MATH):
        return _gradient_norms(model, windows, states)


def _gradient_norms(
    model: StreamedModel, windows: torch.Tensor, states: list[HiddenStates]
) -> list[float]:
    slopes = states[-1]
    _output_slopes(model, windows, slopes)
    tokens = windows[:, 1:].numel()
    norms = [0.0] * len(model.layers)
    for index, block in model.blocks(backwards=True):
        parameters = list(block.parameters())
        totals = [torch.zeros_like(p, dtype=torch.float32) for p in parameters]
        for number, inputs in enumerate(states[index]):
            hidden = inputs.detach().requires_grad_()
            output = model.through(index, block, hidden)
            # The sum over tokens, not their mean, which could underflow in float16.
            slopes[number], *found = torch.autograd.grad(
                output, [hidden, *parameters], slopes[number]
            )
            for total, gradient in zip(totals, found, strict=True):
                total += gradient
        squares = sum(total.double().square().sum().item() for total in totals)
        if not squares < float("inf"):
            raise ValueError(f"block {index}: its gradient is not finite")
        norms[index] = squares**0.5 / tokens
    return norms


def measure_gradients(
    model: str, calibration: str, windows: int, budget: float, output: str
) -> None:
    """Write the record: the norm of each block's gradient, and how it was measured.

    Args:
        model: provenance.json in the model's folder.
        calibration: frozen tokens.
        windows: the number of windows to read.
        budget: bytes of hidden states that stay in memory.
        output: the JSON file to write.
    """
    clock = Stopwatch()
    dense = StreamedModel(Path(model).parent, device.pick())
    ids = load_file(calibration)["input_ids"][:windows]
    with scratch(output) as folder:
        norms = gradient_norms(dense, ids, trajectory(dense, ids, folder, budget))
    write_json(
        output,
        {
            "norms": norms,
            "model": {key: read_json(model)[key] for key in ("source", "revision")},
            "tokens": {"sha256": sha256(calibration), "windows": list(ids.shape)},
            "device": dense.device.type,
            "dtype": str(dense.dtype),
            "versions": versions("torch", "transformers"),
            **clock.usage(),
        },
    )
