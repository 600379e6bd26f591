"""One threshold for all weights, on matrices so small that every ratio can be told by hand."""

from importlib import import_module

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from heavytail.allocation.threshold import below_threshold
from heavytail.spectra.measures import weight_scores

FIRST = torch.tensor([[1.0, -2.0], [3.0, -4.0]])
SECOND = torch.tensor([[5.0, 0.5], [-6.0, 7.0]])
SIZES = {(0, "q_proj"): 4, (0, "k_proj"): 4}


@pytest.fixture
def guide(tmp_path) -> str:
    path = tmp_path / "scores.safetensors"
    stored = {"0.q_proj": weight_scores.scores(FIRST), "0.k_proj": weight_scores.scores(SECOND)}
    save_file(stored, path)
    return str(path)


def ratios(name: str, guide: str, sparsity: float) -> list[float]:
    module = import_module(f"heavytail.allocation.allocators.{name}")
    return module.ratios(SIZES, {"sparsity": sparsity}, guide).tolist()


def test_lamp_scores_are_squares_over_those_that_are_not_smaller():
    magnitudes, lamp = weight_scores.scores(FIRST)
    assert magnitudes.tolist() == [1, 2, 3, 4]
    assert lamp.tolist() == pytest.approx([1 / 30, 4 / 29, 9 / 25, 1])


def test_global_removes_the_smallest_weights_of_the_model(guide):
    # 0.5, 1, 2, 3 of eight.
    assert ratios("global", guide, 0.5) == [0.75, 0.25]
    assert ratios("global", guide, 0.75) == [1.0, 0.5]


def test_lamp_removes_the_smallest_lamp_scores(guide):
    # 1/30, 4/29, 9/25, 1 and 0.25/110.25, 25/110, 36/85, 1: in order 0.0023, 0.033, 0.138, 0.227.
    assert ratios("lamp", guide, 0.5) == [0.5, 0.5]
    assert ratios("lamp", guide, 0.25) == [0.25, 0.25]
    # The fifth is 9/25, and half of it reaches the target.
    assert ratios("lamp", guide, 4.5 / 8) == [0.625, 0.5]


def test_a_matrix_of_zeros_goes_first():
    zeros, ones = weight_scores.scores(torch.zeros(2, 2)), weight_scores.scores(torch.ones(2, 2))
    for row in (0, 1):
        found = below_threshold([ones[row].numpy(), zeros[row].numpy()], np.array([4, 4]), 0.5)
        assert found.tolist() == [0.0, 1.0]


def test_large_matrices_are_sampled_and_the_ratios_are_near(monkeypatch):
    generator = torch.Generator().manual_seed(0)
    weights = [scale * torch.randn(60, 100, generator=generator) for scale in (1.0, 2.0)]
    sizes = np.array([6000, 6000])
    exact, sampled = ([weight_scores.scores(w) for w in weights] for _ in range(2))
    monkeypatch.setattr(weight_scores, "PIECES", 6000)
    exact = [weight_scores.scores(w) for w in weights]
    monkeypatch.setattr(weight_scores, "PIECES", 256)
    sampled = [weight_scores.scores(w) for w in weights]
    assert sampled[0].shape == (2, 256)
    for row in (0, 1):
        # Every sampled score is one of the exact ones.
        assert np.isin(sampled[0][row].numpy(), exact[0][row].numpy()).all() or row == 1
        few, all_ = (
            below_threshold([s[row].numpy() for s in one], sizes, 0.6) for one in (sampled, exact)
        )
        assert few @ sizes / 12000 == pytest.approx(0.6, abs=1e-12)
        assert few == pytest.approx(all_, abs=1 / 256)
    # The naive count of |w| below the one threshold.
    threshold = torch.cat([w.abs().flatten() for w in weights]).sort().values[7199]
    counts = [int((w.abs() <= threshold).sum()) / 6000 for w in weights]
    assert below_threshold([s[0].numpy() for s in exact], sizes, 0.6) == pytest.approx(counts)
