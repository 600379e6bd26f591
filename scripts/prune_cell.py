"""Prune one cell and store it compactly."""

import csv
import importlib
from pathlib import Path

import torch
from safetensors.torch import load_file

from heavytail import device
from heavytail.files import write_json
from heavytail.jobs import Stopwatch, logged, versions
from heavytail.pruning import prune_model
from heavytail.streaming import StreamedModel, batches_of
from heavytail.tensors import write_tensors
from heavytail.wholeness import require_whole


def read_ratios(path: str) -> tuple[dict[tuple[int, str], float], int]:
    """(block, projection) → sparsity, and the number of weights in all matrices."""
    with open(path, newline="") as handle:
        rows = list(csv.DictReader(handle))
    ratios = {(int(row["block"]), row["projection"]): float(row["sparsity"]) for row in rows}
    return ratios, sum(int(row["parameters"]) for row in rows)


def prune_cell(
    model: str, ratios: str, calibration: str | None, method: str, artifact: str, record: str
) -> None:
    """Write the artifact, and a record of what was removed, how fast and by what."""
    clock = Stopwatch()
    dense = StreamedModel(Path(model).parent, device.pick())
    wanted, parameters = read_ratios(ratios)
    module = importlib.import_module(f"heavytail.methods.{method}")
    if module.Statistic and not calibration:
        raise ValueError(f"{method} needs calibration tokens and was given none")
    ids = load_file(calibration)["input_ids"] if calibration else torch.empty(0, 1)
    tensors, removed = prune_model(dense, module, wanted, batches_of(ids))
    realised = sum(removed.values()) / parameters
    write_tensors(artifact, tensors, {"method": method, "realised_sparsity": repr(realised)})
    write_json(
        record,
        {
            "realised_sparsity": realised,
            "removed": {f"{b}.{projection}": count for (b, projection), count in removed.items()},
            "device": dense.device.type,
            "dtype": str(dense.dtype),
            "versions": versions("torch", "transformers"),
            **clock.usage(),
        },
    )


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        require_whole(snakemake.input)
        torch.set_num_threads(snakemake.threads)
        prune_cell(
            snakemake.input.model,
            snakemake.input.ratios,
            snakemake.input.get("calibration"),
            snakemake.params.settings["method"],
            snakemake.output.artifact,
            snakemake.output.record,
        )
