"""The spectrum of the loss Hessian (arXiv 2201.13011)."""

import math
import os
from pathlib import Path

import torch
from accelerate import init_empty_weights
from torch import Tensor, nn
from transformers import AutoConfig, PreTrainedModel

from heavytail.diagnostics.lanczos import Product, Spectrum, lanczos
from heavytail.models.architecture import model_class
from heavytail.models.size import model_size

STEPS_PER_EIGENVALUE, START_SEED = 4, 0
# Vectors beside the basis: the product, its two sets of gradients, and those to orthogonalise.
WORKING_VECTORS = 6


class TooLargeError(ValueError):
    """The loss Hessian does not fit into memory."""


def check_memory(needed: int, room: float, device: torch.device) -> None:
    """Raise TooLargeError, which names the config keys, if so many bytes are not there.

    Args:
        needed: bytes of Lanczos's vectors and of the graph of a product.
        room: bytes that the job may use on a CPU; no more than the machine has.
        device: on a GPU the free memory counts.
    """
    room = min(room, os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    if device.type == "cuda":
        # The memory that torch keeps for later is free too.
        torch.cuda.empty_cache()
        room = torch.cuda.mem_get_info(device)[0]
    if needed > room:
        raise TooLargeError(
            f"hessian.eigenvalues: the vectors of Lanczos, and a window's gradients of gradients, "
            f"need {needed / 1e9:.1f} GB, but there are {room / 1e9:.1f} GB; lower it or "
            f"calibration.length"
        )


def loss_product(model: PreTrainedModel, windows: Tensor, batch: int = 1) -> tuple[Product, int]:
    """v ↦ Hv, float32 [size], and `size`, for the Hessian H of the mean next-token loss in nats.

    The product is a double backward pass of a float32 model with eager attention, over all distinct
    trainable parameters in the order of `model.parameters()`. `windows` are token ids, int64
    [windows, length], and go through the model `batch` at a time: the graph keeps all attention
    maps of a batch several times. Raises ValueError if the loss of a window is not finite.
    """
    windows = windows.to(model.device)
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    sizes = [parameter.numel() for parameter in parameters]
    with torch.no_grad():
        losses = torch.cat([_losses(model, ids) for ids in windows.split(batch)])
    for window, loss in enumerate(losses.tolist()):
        if not math.isfinite(loss):
            raise ValueError(f"the loss of window {window} is {loss}: it has no Hessian")

    def product(vector: Tensor) -> Tensor:
        total, parts = torch.zeros_like(vector), vector.split(sizes)
        for ids in windows.split(batch):
            loss = _losses(model, ids).sum() / len(windows)
            slopes = torch.autograd.grad(loss, parameters, create_graph=True)
            along = sum(s.flatten() @ part for s, part in zip(slopes, parts, strict=True))
            seconds = torch.autograd.grad(along, parameters, materialize_grads=True)
            total += torch.cat([second.flatten() for second in seconds])
        return total

    return product, sum(sizes)


def _losses(model: PreTrainedModel, ids: Tensor) -> Tensor:
    """The mean cross-entropy of each window over all tokens except the first, [windows]."""
    logits = model(input_ids=ids, use_cache=False).logits[:, :-1]  # [windows, length - 1, vocab]
    return nn.functional.cross_entropy(logits.mT, ids[:, 1:], reduction="none").mean(dim=1)


def loss_spectrum(
    folder: str | Path,
    windows: Tensor,
    top: int,
    device: torch.device,
    seed: int | None = None,
    room: float = math.inf,
) -> Spectrum:
    """`lanczos` of the `loss_product` of the model in a Hugging Face folder, in float32.

    On a CPU it may use `room` bytes.

    With a `seed` its architecture is initialised at random instead, as the control of arXiv
    2201.13011. Raises as those two do, and TooLargeError before any weight is read.
    """
    config = AutoConfig.from_pretrained(folder, local_files_only=True)
    auto = model_class(config)
    with init_empty_weights():
        size = sum(p.numel() for p in auto.from_config(config).parameters())
    iterations = min(size, STEPS_PER_EIGENVALUE * top)
    graph = model_size(folder).graph(windows.shape[1])
    check_memory(4 * size * (iterations + WORKING_VECTORS) + graph, room, device)
    options = {"dtype": torch.float32, "attn_implementation": "eager"}
    if seed is None:
        model = auto.from_pretrained(folder, local_files_only=True, **options)
    else:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            model = auto.from_config(config, **options)
    # Transformers wraps `to` so that its type asks for the model once more.
    model = model.to(device).eval()
    product, size = loss_product(model, windows)
    return lanczos(product, size, top, iterations, START_SEED, device)
