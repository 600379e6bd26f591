"""Measure spectra of every block of a model, dense or pruned, resuming a killed run."""

import importlib
import json
from pathlib import Path

import torch

from heavytail.io.computed import versions
from heavytail.io.files import sha256
from heavytail.io.parts import Parts, by_block
from heavytail.models import device
from heavytail.models.checkpoint import Checkpoint
from heavytail.projections import key_of
from heavytail.pruning.artifact import Artifact
from heavytail.pruning.origin import artifact_file
from heavytail.running.jobs import logged
from heavytail.running.wholeness import require_whole
from heavytail.spectra.block_weights import BlockWeights


def measure_spectra(model: str, artifact: str | None, measure: str, code: str, output: str) -> None:
    """Write the tensors of a module of heavytail.spectra.measures, keys {block}.{name}.

    Args:
        model: provenance.json in the model's folder.
        artifact: of a pruned cell, None for the dense model.
        measure: the module's name.
        code: changes when the code does.
        output: safetensors; its metadata `shapes` says every matrix's rows and columns.
    """
    checkpoint, place = Checkpoint(Path(model).parent), device.pick()
    pruned = Artifact(artifact) if artifact else None
    module = importlib.import_module(f"heavytail.spectra.measures.{measure}")
    weights = [sha256(model), sha256(artifact) if artifact else "dense"]
    key = " ".join([code, *weights, place.type, *versions("torch").values()])
    # First of all: every matrix must be there before hours are spent on some.
    shapes = {key_of(*matrix): shape for matrix, shape in checkpoint.matrices().items()}
    blocks = checkpoint.config["num_hidden_layers"]

    def one(block: int) -> dict[str, torch.Tensor]:
        return module.measure(BlockWeights(checkpoint, block, place, pruned))

    parts = Parts(output, key)
    by_block(parts, blocks, one)
    parts.join(blocks, {"shapes": json.dumps(shapes)})


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        require_whole(snakemake.input)
        torch.set_num_threads(snakemake.threads)
        measure_spectra(
            snakemake.input.model,
            artifact_file(snakemake.input.get("origin")),
            snakemake.wildcards.measure,
            snakemake.params.digest,
            snakemake.output.spectra,
        )
