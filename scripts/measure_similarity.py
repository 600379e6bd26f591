"""Measure how similar the outputs of a model's blocks are."""

import csv
from pathlib import Path

import torch
from safetensors.torch import load_file

from heavytail.allocation.guides.similarity import linear_cka
from heavytail.io.files import scratch, whole
from heavytail.models import device
from heavytail.models.streaming import StreamedModel
from heavytail.models.trajectory import trajectory
from heavytail.running.jobs import logged
from heavytail.running.wholeness import require_whole


def measure_similarity(model: str, calibration: str, windows: int, budget: float, output: str):
    """Write the CKA matrix, a row per block, without a header.

    Args:
        model: provenance.json in the model's folder.
        calibration: frozen tokens.
        windows: how many of them are read.
        budget: bytes of hidden states that stay in memory.
        output: CSV.
    """
    dense = StreamedModel(Path(model).parent, device.pick())
    ids = load_file(calibration)["input_ids"][:windows]
    with scratch(output) as folder:
        found = linear_cka(trajectory(dense, ids, folder, budget)[1:])
    with whole(output) as path, open(path, "w", newline="", encoding="utf-8") as handle:
        csv.writer(handle, lineterminator="\n").writerows(map(repr, row) for row in found.tolist())


if __name__ == "__main__":
    with logged(snakemake.log[0], "segments.windows"):
        require_whole(snakemake.input)
        torch.set_num_threads(snakemake.threads)
        measure_similarity(
            snakemake.input.model,
            snakemake.input.calibration,
            snakemake.params.settings["windows"],
            2**20 * snakemake.resources.get("activations_mb", float("inf")),
            snakemake.output.similarity,
        )
