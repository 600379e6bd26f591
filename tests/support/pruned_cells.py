"""Cells of small models, pruned from files to files as the workflow does."""

import math
from pathlib import Path

import torch
from safetensors.torch import save_file

from heavytail.allocation.table import write_ratios
from heavytail.config.methods import METHODS
from heavytail.models.checkpoint import Checkpoint
from heavytail.pruning.artifact import Artifact
from heavytail.pruning.cell import prune_cell


def windows(count: int = 5, length: int = 40, seed: int = 0) -> torch.Tensor:
    """Random token ids, int64 [count, length]."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (count, length), generator=generator)


def write_inputs(folder: Path, work: Path, ratio: float, ids: torch.Tensor) -> tuple[str, ...]:
    """provenance.json, a table of equal ratios and calibration tokens."""
    work.mkdir(exist_ok=True, parents=True)
    model, table, tokens = folder / "provenance.json", work / "ratios.csv", work / "tokens"
    if not model.exists():
        model.write_text("{}")
    shapes = Checkpoint(folder).matrices()
    write_ratios(
        table, {key: math.prod(shape) for key, shape in shapes.items()}, [ratio] * len(shapes)
    )
    save_file({"input_ids": ids}, tokens)
    return str(model), str(table), str(tokens)


def prune(
    folder: Path,
    work: Path,
    method: str = "wanda",
    within_block: str = "exact",
    ratio: float = 0.6,
    group_size: int | None = None,
    ids: torch.Tensor | None = None,
    budget: float = float("inf"),
    code: str = "",
    **steps: str,
) -> Artifact:
    """The artifact of a cell with equal ratios and the steps after it; files lie in `work`."""
    inputs = write_inputs(folder, work, ratio, windows(seed=1) if ids is None else ids)
    way = within_block if METHODS[method].calibrated or steps else None
    settings = {"method": method, "within_block": way, "group_size": group_size, "code": code}
    settings |= steps
    outputs = str(work / "cell.safetensors"), str(work / "cell.json")
    prune_cell(*inputs, settings, budget, outputs)
    return Artifact(outputs[0])
