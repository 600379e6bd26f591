"""Small searches: their settings, what they read and where they write."""

import math
from pathlib import Path

from safetensors.torch import save_file

from heavytail.allocation.ratios import ratios_of
from heavytail.allocation.table import write_ratios
from heavytail.config.search import STEPS
from heavytail.evaluation.search.search import Search
from heavytail.models.checkpoint import Checkpoint
from support.pruned_cells import windows

SETTINGS = {"sparsity": 0.6, "population": 6, "generations": 5, "tokens": [12, 144], "levels": 6}
SETTINGS |= {"seed": 0}


def files_of(model_folder: Path, tmp_path: Path) -> dict[str, str]:
    """What a search of a model reads."""
    save_file({"input_ids": windows(8, 40, seed=1)}, tmp_path / "calibration")
    save_file({"input_ids": windows(4, 36, seed=2)}, tmp_path / "validation")
    (model_folder / "provenance.json").write_text("{}")
    shapes = Checkpoint(model_folder).matrices()
    ratios = ratios_of(
        shapes,
        {"allocator": "depth_linear", "epsilon": 0.3, "sparsity": 0.6, "group_size": None},
        {},
    )
    sizes = {matrix: math.prod(shape) for matrix, shape in shapes.items()}
    write_ratios(tmp_path / "start.csv", sizes, list(ratios.values()))
    names = {name: str(tmp_path / name) for name in ("calibration", "validation")}
    model = {"model": str(model_folder / "provenance.json")}
    return {**model, "start": str(tmp_path / "start.csv"), **names}


def pruning(method: str) -> dict:
    way = None if method == "magnitude" else "exact"
    return {"method": method, "within_block": way, "group_size": None, "code": ""}


def outputs(folder: Path, name: str) -> tuple[str, str]:
    return str(folder / f"{name}.csv"), str(folder / f"{name}.json")


def begun(files: dict[str, str], tmp_path: Path) -> Search:
    """A search by magnitude that has done nothing yet."""
    output = str(tmp_path / "one.csv")
    return Search(files, SETTINGS, pruning("magnitude"), float("inf"), output)


# A sweep of six probes at a time in which nothing changes anything, and then its steps.
LEVEL = [[1.0] * count for count in (6, 6, 6, 4, *[1] * (1 + len(STEPS)))]
