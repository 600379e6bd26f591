"""Measure the spectra of every block of a model, dense or pruned, into one file."""

import importlib
import json
from pathlib import Path

import torch

from heavytail.io.computed import versions
from heavytail.io.files import sha256
from heavytail.io.parts import Parts, by_block
from heavytail.models import device
from heavytail.models.checkpoint import Checkpoint
from heavytail.models.pruned import PrunedWeights
from heavytail.projections import key_of
from heavytail.spectra.block_weights import BlockWeights


def measure_spectra(
    model: str, pruned: PrunedWeights | None, measure: str, code: str, output: str
) -> None:
    """Write the tensors of a module of heavytail.spectra.measures, with keys {block}.{name}.

    Args:
        model: provenance.json in the model's folder.
        pruned: a cell of the model; None for the dense model.
        measure: the name of the module.
        code: a digest that changes if the code or the cell changes.
        output: safetensors; its metadata `shapes` has the rows and columns of every matrix.
    """
    checkpoint, chosen = Checkpoint(Path(model).parent), device.pick()
    module = importlib.import_module(f"heavytail.spectra.measures.{measure}")
    key = " ".join([code, sha256(model), chosen.type, *versions("torch").values()])
    # This comes first: every matrix must be there before hours are spent on some of them.
    shapes = {key_of(*matrix): shape for matrix, shape in checkpoint.matrices().items()}
    blocks = checkpoint.depth

    def one(block: int) -> dict[str, torch.Tensor]:
        return module.measure(BlockWeights(checkpoint, block, chosen, pruned))

    parts = Parts(output, key)
    by_block(parts, blocks, one)
    parts.join(blocks, {"shapes": json.dumps(shapes)})
