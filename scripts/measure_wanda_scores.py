"""Measure how Wanda's scores are spread in every block of a dense model."""

import csv
from pathlib import Path

import torch
from safetensors.torch import load_file

from heavytail.allocation.guides.wanda_scores import block_summaries
from heavytail.io.files import scratch, whole
from heavytail.models import device
from heavytail.models.streaming import StreamedModel, batches_of
from heavytail.running.jobs import logged
from heavytail.running.wholeness import require_whole


def measure_wanda_scores(model: str, calibration: str, budget: float, output: str) -> None:
    """Write block,outliers,median: the share of outliers among a block's scores, and their median.

    Args:
        model: provenance.json in the model's folder.
        calibration: frozen tokens.
        budget: bytes of hidden states that stay in memory.
        output: CSV.
    """
    dense = StreamedModel(Path(model).parent, device.pick())
    ids = load_file(calibration)["input_ids"]
    with scratch(output) as folder:
        found = block_summaries(dense, dense.embed(batches_of(ids), folder, budget))
    with whole(output) as path, open(path, "w", newline="", encoding="utf-8") as handle:
        table = csv.writer(handle, lineterminator="\n")
        table.writerow(["block", "outliers", "median"])
        table.writerows([b, repr(outliers), repr(m)] for b, (outliers, m) in enumerate(found))


if __name__ == "__main__":
    with logged(snakemake.log[0], "calibration.samples"):
        require_whole(snakemake.input)
        torch.set_num_threads(snakemake.threads)
        measure_wanda_scores(
            snakemake.input.model,
            snakemake.input.calibration,
            2**20 * snakemake.resources.get("activations_mb", float("inf")),
            snakemake.output.scores,
        )
