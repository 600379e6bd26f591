"""Prune one cell and store it compactly, resuming a killed run."""

import importlib
import json
from pathlib import Path

import torch
from safetensors.torch import load_file

from heavytail import artifact as artifacts
from heavytail import device
from heavytail.files import sha256, write_json
from heavytail.jobs import Stopwatch, logged, versions
from heavytail.pruning import Procedure, prune_model
from heavytail.ratio_table import Matrix, read_ratios
from heavytail.resume import Parts
from heavytail.streaming import StreamedModel, batches_of


def work_key(settings: dict, inputs: list[str], model: StreamedModel) -> str:
    """What the pruned blocks depend on: code, settings, inputs and where they are computed."""
    computed = [model.device.type, str(model.dtype), str(torch.get_num_threads())]
    return json.dumps([settings, [*map(sha256, inputs)], computed, versions("torch")])


def finish(parts: Parts, sizes: dict[Matrix, int], method: str) -> dict:
    """Write the artifact from its blocks; returns what was removed of each matrix, and the share.

    Args:
        parts: all blocks.
        sizes: the number of weights of each matrix.
        method: its name.
    """
    removed, digests = {}, {}
    blocks = 1 + max(block for block, _ in sizes)
    for block in range(blocks):
        stored = load_file(parts.path(block))
        digests |= {f"{block}.{key}": artifacts.digest(tensor) for key, tensor in stored.items()}
        for projection, matrix in artifacts.matrices_in(stored).items():
            count = sizes[block, projection] - artifacts.kept_count(matrix)
            removed[f"{block}.{projection}"] = count
    realised = sum(removed.values()) / sum(sizes.values())
    metadata = {"method": method, "realised_sparsity": repr(realised)}
    parts.join(blocks, metadata | {"sha256": json.dumps(digests)})
    return {"realised_sparsity": realised, "removed": removed}


def prune_cell(
    model: str,
    ratios: str,
    calibration: str | None,
    settings: dict,
    budget: float,
    outputs: tuple[str, str],
) -> None:
    """Write the artifact, and a record of what was removed, how fast and by what.

    Args:
        model: provenance.json in the model's folder.
        ratios: CSV of block,projection,parameters,sparsity.
        calibration: frozen tokens, for methods that read some.
        settings: "method", "within_block", "of" (M of N:M sparsity, or None) and "code", which
            changes when the code does.
        budget: bytes of hidden states that stay in memory.
        outputs: the artifact and the record.
    """
    clock = Stopwatch()
    dense = StreamedModel(Path(model).parent, device.pick())
    wanted, sizes = read_ratios(ratios)
    method, within_block = (
        importlib.import_module(f"heavytail.{package}.{settings[name]}")
        for package, name in (("methods", "method"), ("within_block", "within_block"))
    )
    if method.Statistic and not calibration:
        raise ValueError(f"{settings['method']} needs calibration tokens and was given none")
    ids = load_file(calibration)["input_ids"] if calibration else torch.empty(0, 1)
    inputs = [path for path in (model, ratios, calibration) if path]
    parts = Parts(outputs[0], work_key(settings, inputs, dense))
    procedure = Procedure(method, within_block, wanted, settings["of"])
    prune_model(dense, procedure, batches_of(ids), parts, budget)
    write_json(
        outputs[1],
        {
            **finish(parts, sizes, settings["method"]),
            "device": dense.device.type,
            "dtype": str(dense.dtype),
            "versions": versions("torch", "transformers"),
            **clock.usage(),
        },
    )


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        torch.set_num_threads(snakemake.threads)
        prune_cell(
            snakemake.input.model,
            snakemake.input.ratios,
            snakemake.input.get("calibration"),
            snakemake.params.settings | {"code": snakemake.params.digest},
            2**20 * snakemake.resources.get("activations_mb", float("inf")),
            (snakemake.output.artifact, snakemake.output.record),
        )
