"""Prune one cell, from files to files."""

import json
from pathlib import Path
from typing import NotRequired, TypedDict

import torch
from safetensors.torch import load_file

from heavytail.allocation.table import read_ratios
from heavytail.io.computed import Computed, Stopwatch, computed_by
from heavytail.io.files import sha256, write_json
from heavytail.io.parts import Parts
from heavytail.models.checkpoint import Checkpoint
from heavytail.models.device import compute_dtype, pick
from heavytail.models.streaming import batches_of
from heavytail.projections import Matrix, key_of
from heavytail.pruning.loop import Procedure, chosen, prune_model
from heavytail.pruning.settings import PruneSettings


class Removed(TypedDict):
    """What was removed of a cell: the share of all weights, and how many of each matrix.

    `unrouted` are the matrices of experts that no calibration token reached, if there are any.
    """

    realised_sparsity: float
    removed: dict[str, int]
    unrouted: NotRequired[list[str]]


def computed_of(model: str) -> Computed:
    """What computes a cell of the dense model in the folder of this provenance.json, here."""
    device = pick()
    return computed_by(device, compute_dtype(Checkpoint(Path(model).parent).dtype, device))


def open_parts(
    artifact: str, settings: PruneSettings, inputs: list[str], computed: Computed
) -> tuple[Parts, bool]:
    """The finished blocks of a cell, and whether an earlier run left some.

    Blocks of an earlier run are used only if the code, the settings, the inputs, the device, the
    dtype and the versions are the same.
    """
    parts = Parts(artifact, json.dumps([settings, [*map(sha256, inputs)], computed]))
    return parts, parts.path(0).is_file()


def summary(parts: Parts, sizes: dict[Matrix, int]) -> tuple[Removed, dict[str, str]]:
    """The number of weights removed from each matrix, their share, and each tensor's checksum.

    Args:
        parts: all blocks.
        sizes: the number of weights of each matrix.
    """
    removed: dict[str, int] = {}
    digests: dict[str, str] = {}
    unrouted: list[str] = []
    blocks = 1 + max(block for block, _ in sizes)
    for block in range(blocks):
        found = {name: json.loads(text) for name, text in parts.metadata(block).items()}
        digests |= {key_of(block, part): digest for part, digest in found["sha256"].items()}
        for projection, kept in found["kept"].items():
            removed[key_of(block, projection)] = sizes[block, projection] - kept
        unrouted += [key_of(block, name) for name in found.get("unrouted", [])]
    realised = sum(removed.values()) / sum(sizes.values())
    said: Removed = {"realised_sparsity": realised, "removed": removed}
    return said | {"unrouted": unrouted} if unrouted else said, digests


def prune_cell(
    model: str,
    ratios: str,
    calibration: str | None,
    settings: PruneSettings,
    budget: float,
    outputs: tuple[str, str],
) -> Computed:
    """Write the artifact, and a record of what was removed, how fast, and by what hardware.

    Args:
        model: provenance.json in the model's folder.
        ratios: CSV of block,projection,parameters,sparsity.
        calibration: frozen tokens, if the method reads them.
        settings: "method", "within_block", "group_size" (M of N:M sparsity, or None) and "code",
            the digest of the code.
        budget: bytes of hidden states that stay in memory.
        outputs: the artifact and the record.

    Returns:
        What computed the cell: device, dtype, threads and versions.
    """
    clock = Stopwatch()
    folder, computed = Path(model).parent, computed_of(model)
    wanted, sizes = read_ratios(ratios)
    if list(wanted) != list(Checkpoint(folder).matrices()):
        raise ValueError(f"{ratios}: expected a row for each matrix of {folder}")
    procedure = Procedure(*chosen(settings), wanted, settings["group_size"])
    if procedure.method.Statistic and not calibration:
        raise ValueError(f"{settings['method']}: found no calibration tokens, expected some")
    ids = load_file(calibration)["input_ids"] if calibration else torch.empty(0, 1)
    inputs = [path for path in (model, ratios, calibration) if path]
    parts, resumed = open_parts(outputs[0], settings, inputs, computed)
    prune_model((folder, pick()), procedure, batches_of(ids), parts, budget)
    removed, digests = summary(parts, sizes)
    write_json(outputs[1], {**removed, **computed, "resumed": resumed, **clock.usage()})
    # This comes last, because it deletes the blocks.
    metadata = {"method": settings["method"], "sha256": json.dumps(digests)}
    metadata |= {"realised_sparsity": repr(removed["realised_sparsity"])}
    parts.join(1 + max(block for block, _ in sizes), metadata)
    return computed
