"""Allocators that read no spectra, next to their papers' formulas written out."""

import csv
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heavytail.allocation.allocators import depth_linear, dlp, owl, uniform
from heavytail.allocation.outlier_map import outlier_map

BLOCKS = 6
# Blocks of equal size, as the papers have them.
SIZES = {(block, projection): 12 for block in range(BLOCKS) for projection in ("q_proj", "up_proj")}


def table_of(folder: Path, outliers: list[float], medians: list[float]) -> str:
    with open(folder / "scores.csv", "w", newline="") as handle:
        table = csv.writer(handle)
        table.writerow(["block", "above_6", "median"])
        table.writerows(zip(range(BLOCKS), outliers, medians, strict=True))
    return str(folder / "scores.csv")


@pytest.fixture
def scores(tmp_path) -> tuple[str, list[float], list[float]]:
    """A table of Wanda scores, and its two columns."""
    generator = np.random.default_rng(7)
    outliers, medians = (generator.uniform(0.001, 0.02, BLOCKS).tolist() for _ in range(2))
    return table_of(tmp_path, outliers, medians), outliers, medians


def published(scores: list[float], spread: float, target: float) -> list[float]:
    """OWL's sparsity of each block: scores to [0, 2λ], mean moved to 1 − S, turned round."""
    kept = [(s - min(scores)) / (max(scores) - min(scores)) * 2 * spread for s in scores]
    return [1 - (k - sum(kept) / len(kept) + 1 - target) for k in kept]


def test_owl_keeps_more_where_outliers_are(scores):
    path, outliers, _ = scores
    found = owl.ratios(SIZES, {"epsilon": 0.08, "outlier": 6, "sparsity": 0.7}, path)
    assert np.allclose(found[::2], published(outliers, 0.08, 0.7), rtol=1e-12)
    assert np.array_equal(found[::2], found[1::2])


def test_dlp_keeps_more_where_the_median_is_small(scores):
    path, _, medians = scores
    relative = [1 - m / sum(medians) for m in medians]
    found = dlp.ratios(SIZES, {"epsilon": 0.15, "statistic": "median", "sparsity": 0.7}, path)
    assert np.allclose(found[::2], published(relative, 0.15, 0.7), rtol=1e-12)


def test_a_model_whose_medians_are_all_zero_is_pruned_alike(tmp_path):
    path = table_of(tmp_path, [0.0] * BLOCKS, [0.0] * BLOCKS)
    settings = {"epsilon": 0.1, "outlier": 6, "statistic": "median", "sparsity": 0.7}
    for allocator in (dlp, owl):
        assert np.allclose(allocator.ratios(SIZES, settings, path), 0.7, rtol=1e-12)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_score_that_is_not_finite_is_told_with_its_block(bad, tmp_path):
    path = table_of(tmp_path, [0.1] * BLOCKS, [0.1, 0.1, bad, 0.1, 0.1, 0.1])
    with pytest.raises(ValueError, match=f"block 2: found {bad}, expected a finite number"):
        dlp.ratios(SIZES, {"epsilon": 0.1, "statistic": "median", "sparsity": 0.7}, path)


def test_depth_linear_is_the_papers_arithmetic_progression():
    found = depth_linear.ratios(SIZES, {"epsilon": 0.2, "sparsity": 0.7}, None)[::2]
    beta = 2 * 0.2 * 0.7 / (BLOCKS - 1)
    expected = [0.7 - beta * (BLOCKS - 1) / 2 + beta * block for block in range(BLOCKS)]
    assert np.allclose(found, expected, rtol=1e-12)


def test_uniform_is_the_target_everywhere():
    assert (uniform.ratios(SIZES, {"sparsity": 0.6}, None) == 0.6).all()


@given(
    scores=st.lists(st.floats(0, 1), min_size=2, max_size=40),
    spread=st.floats(0, 0.99),
    target=st.floats(0.02, 0.98),
    seed=st.integers(0, 99),
)
def test_whatever_the_scores_the_target_holds_and_no_ratio_leaves_the_unit_interval(
    scores, spread, target, seed
):
    weights = np.random.default_rng(seed).integers(1, 10**7, len(scores))
    sizes = {(block, "q_proj"): int(n) for block, n in enumerate(weights)}
    found = outlier_map(np.array(scores), sizes, spread, target)
    assert found @ weights / weights.sum() == pytest.approx(target, abs=1e-9)
    assert (found >= 0).all() and (found <= 1).all()
    # Higher scores never lose more.
    assert (np.diff(found[np.argsort(scores, kind="stable")]) <= 1e-12).all()
