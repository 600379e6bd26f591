"""The similarity of the outputs of a model's blocks: linear CKA (arXiv 1905.00414)."""

import csv
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file

from heavytail.io.files import replacing, scratch
from heavytail.models import device
from heavytail.models.hidden_states import HiddenStates
from heavytail.models.streaming import StreamedModel
from heavytail.models.trajectory import trajectory
from heavytail.running.progress import counted


def _centred(states: HiddenStates) -> torch.Tensor:
    """The features of every token minus their mean, float32 [tokens, width]."""
    features = torch.cat([hidden.flatten(0, 1).float() for hidden in states])
    return features - features.mean(dim=0)


def _alignment(x: torch.Tensor, y: torch.Tensor) -> float:
    """‖xᵀy‖² in the Frobenius norm."""
    return (x.T @ y).double().square().sum().item()


def linear_cka(outputs: list[HiddenStates]) -> np.ndarray:
    """‖XᵀY‖² / (‖XᵀX‖ ‖YᵀY‖) of every pair of blocks; the rows of X and Y are tokens.

    Args:
        outputs: those of each block, on the same tokens.

    Returns:
        float64 [blocks, blocks], symmetric, with ones on the diagonal.

    Raises:
        ValueError: the outputs of a block are constant or not finite; the message names the block.
    """
    blocks = len(outputs)
    found = np.empty((blocks, blocks))
    for first in counted("block", range(blocks), blocks):
        x = _centred(outputs[first])
        for second in range(first):
            found[first, second] = _alignment(x, _centred(outputs[second]))
        found[first, first] = _alignment(x, x)
        if not 0 < found[first, first] < np.inf:
            raise ValueError(f"block {first}: its outputs are constant or not finite")
    norms = np.sqrt(np.diag(found))
    found /= np.outer(norms, norms)
    lower = np.tril(found, -1)
    return lower + lower.T + np.eye(blocks)


def measure_similarity(
    model: str, calibration: str, windows: int, budget: float, output: str
) -> None:
    """Write the CKA matrix, a row per block, without a header.

    Args:
        model: provenance.json in the model's folder.
        calibration: frozen tokens.
        windows: the number of windows to read.
        budget: bytes of hidden states that stay in memory.
        output: the CSV file to write.
    """
    dense = StreamedModel(Path(model).parent, device.pick())
    ids = load_file(calibration)["input_ids"][:windows]
    with scratch(output) as folder:
        found = linear_cka(trajectory(dense, ids, folder, budget)[1:])
    with replacing(output) as path, open(path, "w", newline="", encoding="utf-8") as handle:
        csv.writer(handle, lineterminator="\n").writerows(map(repr, row) for row in found.tolist())
