"""LSA's greedy error against a naive one in float64, and its ratios by the paper's formulas."""

import csv
import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from heavytail.allocation.allocators import lsa
from heavytail.pruning import removal_errors
from heavytail.pruning.removal_errors import measure_removal_errors, removal_error
from support.pruned_cells import windows
from support.tiny_model import save_model

SIZES = {(b, p): n for b in range(3) for p, n in (("q_proj", 15), ("o_proj", 20), ("up_proj", 60))}
ERRORS = dict(zip(SIZES, [1.0, 2.0, 6.0, 2.0, 2.0, 2.0, 8.0, 1.0, 3.0], strict=True))


def naive_error(weight: torch.Tensor, total: torch.Tensor, group: int) -> float:
    """Row by row: remove what raises w_Rᵀ H w_R least, half of each group of columns."""
    weight, total, whole = weight.double(), total.double(), 0.0
    for row in weight:
        gone = torch.zeros_like(row)
        for start in range(0, len(row), group):
            columns = list(range(start, min(start + group, len(row))))
            for _ in range(len(columns) // 2):

                def error(j: int, gone=gone, row=row) -> float:
                    after = gone.clone()
                    after[j] = row[j]
                    return (after @ total @ after).item()

                best = min((j for j in columns if gone[j] == 0), key=error)
                gone[best] = row[best]
        whole += (gone @ total @ gone).item()
    return whole


@pytest.mark.parametrize("group", [128, 8, 10])
def test_the_greedy_error_is_that_of_the_weights_that_went(group, monkeypatch):
    monkeypatch.setattr(removal_errors, "GROUP", group)
    generator = torch.Generator().manual_seed(0)
    weight, mixing = (torch.randn(*shape, generator=generator) for shape in ((5, 24), (24, 24)))
    total = mixing @ mixing.T
    found = removal_error(weight, total)
    assert found == pytest.approx(naive_error(weight, total, group), rel=1e-4)
    assert removal_error(torch.zeros(5, 24), total) == 0


def test_every_matrix_of_a_model_is_measured(tmp_path):
    folder = save_model(tmp_path / "model")
    (folder / "provenance.json").write_text(json.dumps({"source": "tiny", "revision": None}))
    save_file({"input_ids": windows(7, 40)}, tmp_path / "tokens.safetensors")
    files = str(folder / "provenance.json"), str(tmp_path / "tokens.safetensors")
    measure_removal_errors(*files, float("inf"), str(tmp_path / "errors.csv"))
    found = lsa.read_errors(str(tmp_path / "errors.csv"))
    assert len(found) == 21 and all(error > 0 for error in found.values())


def table_of(folder: Path, errors: dict) -> str:
    with open(folder / "errors.csv", "w", newline="") as handle:
        table = csv.writer(handle)
        table.writerow(["block", "projection", "error"])
        table.writerows([*matrix, error] for matrix, error in errors.items())
    return str(folder / "errors.csv")


@pytest.fixture
def guide(tmp_path) -> str:
    return table_of(tmp_path, ERRORS)


def ratios(guide: str, parts: str) -> np.ndarray:
    found = lsa.ratios(SIZES, {"epsilon": 0.1, "sparsity": 0.6, "parts": parts}, guide)
    weights = np.array(list(SIZES.values()))
    assert found @ weights / weights.sum() == pytest.approx(0.6, rel=1e-12)
    return found


def test_blocks_with_smaller_mean_errors_keep_more(guide):
    # Means 3, 2, 4 of Σ 9: 1 − E/Σ is mapped to 0.1, 0.2, 0, whose mean is 0.1.
    assert ratios(guide, "block")[::3] == pytest.approx([0.6, 0.5, 0.7])


@pytest.mark.parametrize("parts", ["attention_mlp", "matrix"])
def test_parts_and_matrices_lose_numbers_of_weights(guide, parts):
    errors = list(ERRORS.values())
    if parts == "attention_mlp":
        errors = [1.5, 1.5, 6.0, 2.0, 2.0, 2.0, 4.5, 4.5, 3.0]
    importance = [1 - error / sum(errors) for error in errors]
    low, high = min(importance), max(importance)
    d = [(one - low) / (high - low) * 0.2 for one in importance]
    n = list(SIZES.values())
    expected = [0.6 + (np.mean(d) - x) * np.mean(n) / size for x, size in zip(d, n, strict=True)]
    assert min(expected) > 0 and max(expected) < 1
    assert ratios(guide, parts) == pytest.approx(expected)


@pytest.mark.parametrize("parts", ["block", "attention_mlp", "matrix"])
def test_a_model_that_loses_nothing_is_pruned_alike(parts, tmp_path):
    found = ratios(table_of(tmp_path, dict.fromkeys(ERRORS, 0.0)), parts)
    assert found == pytest.approx(0.6, rel=1e-12)


def test_an_error_that_is_not_finite_is_told_with_its_matrix(tmp_path):
    matrix = [*ERRORS][4]
    path = table_of(tmp_path, ERRORS | {matrix: math.nan})
    with pytest.raises(ValueError, match=f"{matrix[0]}.{matrix[1]}: found nan, expected a finite"):
        ratios(path, "block")
