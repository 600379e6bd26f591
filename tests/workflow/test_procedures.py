"""Cells of every kind in one matrix: both ways through a block, N:M sparsity, export."""

import json

import pandas as pd
import pytest
from transformers import AutoModelForCausalLM

pytestmark = pytest.mark.slow

PATTERN = "results/pruned/tiny/wanda-sequential/2:4/gt/seed-0"
EXPORTED = "results/exported/tiny/wanda-sequential/2:4/gt/seed-0"


MATRIX = {
    "within_block": ["exact", "sequential"],
    "allocations": {"gt": {"grouping": "gt", "epsilon": 0.5}},
    "sparsity": [0.6, "2:4"],
    "tasks": [],
}


def test_a_method_without_calibration_goes_through_a_block_one_way(project):
    project.configure(methods=["magnitude", "wanda"], **MATRIX)
    assert project.planned()["prune_cell"] == sorted(
        f"results/pruned/tiny/{method}/{sparsity}/gt/seed-0.safetensors"
        for method in ("magnitude", "wanda", "wanda-sequential")
        for sparsity in ("0.6", "2:4")
    )


def test_ways_through_a_block_and_patterns_are_cells_like_any_other(project):
    project.configure(methods=["wanda"], **MATRIX)
    project.run()
    project.run(EXPORTED)
    assert project.planned() == {}
    cells = pd.read_csv(project.folder / "results/tables/cells.csv")
    cells = cells.set_index(["method", "sparsity"])
    assert len(cells) == 1 + 2 * 2 and cells["perplexity"].notna().all()
    ways = {method: way for (method, _), way in cells["within_block"].items()}
    assert ways["wanda"] == "exact" and ways["wanda-sequential"] == "sequential"
    exact, one_pass = (cells.loc[(m, "0.6"), "perplexity"] for m in ("wanda", "wanda-sequential"))
    assert exact != one_pass
    table = (project.folder / "results/tables/tiny.md").read_text()
    assert "## Sparsity 0.6" in table and "## Sparsity 2:4" in table
    assert "| wanda-sequential |" in table
    ratios = pd.read_csv(project.folder / "results/ratios/tiny/wanda-sequential/2:4/gt.csv")
    # Each matrix has an N of its own, and all together the target.
    assert set(ratios["sparsity"]) > {0.5} and set(ratios["sparsity"] * 4) <= {0, 1, 2, 3, 4}
    removed = json.loads((project.folder / f"{PATTERN}.json").read_text())
    assert removed["realised_sparsity"] == pytest.approx(0.5, abs=0.02)
    assert cells.loc[("wanda-sequential", "2:4"), "realised_sparsity"] == pytest.approx(
        0.5, abs=0.02
    )
    model = AutoModelForCausalLM.from_pretrained(project.folder / EXPORTED)
    zeros = (model.model.layers[1].mlp.up_proj.weight == 0).sum().item()
    assert zeros == removed["removed"]["1.up_proj"]
