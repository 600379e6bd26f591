"""Measure the gradient of every block of a model on frozen tokens."""

from pathlib import Path

import torch
from safetensors.torch import load_file

from heavytail.allocation.guides.gradients import gradient_norms
from heavytail.io.computed import Stopwatch, versions
from heavytail.io.files import read_json, scratch, sha256, write_json
from heavytail.models import device
from heavytail.models.streaming import StreamedModel
from heavytail.models.trajectory import trajectory
from heavytail.running.jobs import logged
from heavytail.running.wholeness import require_whole


def measure_gradients(model: str, calibration: str, windows: int, budget: float, output: str):
    """Write the record: the norm of each block's gradient, and how it was got.

    Args:
        model: provenance.json in the model's folder.
        calibration: frozen tokens.
        windows: how many of them are read.
        budget: bytes of hidden states that stay in memory.
        output: JSON.
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


if __name__ == "__main__":
    with logged(snakemake.log[0], "gradients.windows"):
        require_whole(snakemake.input)
        torch.set_num_threads(snakemake.threads)
        measure_gradients(
            snakemake.input.model,
            snakemake.input.calibration,
            snakemake.params.settings["windows"],
            2**20 * snakemake.resources.get("activations_mb", float("inf")),
            snakemake.output.norms,
        )
