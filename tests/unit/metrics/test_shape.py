import math

import numpy as np
import pytest
import torch

from heavytail.metrics import shape, tails
from heavytail.spectra import gram
from heavytail.spectra.spectrum import Spectrum


def compute(values) -> dict[str, float]:
    values = np.array(values, dtype=float)
    return shape.compute(Spectrum(len(values), len(values), values))


def test_entropy_of_a_square_gaussian_is_ln_n_minus_a_half():
    n = 600
    weight = torch.randn(n, n, generator=torch.Generator().manual_seed(0))
    found = compute(gram.eigenvalues(weight).numpy())
    # Fluctuations of the sums are of order 1/n.
    assert found["entropy_nats"] == pytest.approx(math.log(n) - 0.5, abs=0.01)
    assert found["entropy"] == pytest.approx(1 - 0.5 / math.log(n), abs=0.002)
    assert found["effective_rank"] == pytest.approx(n * math.exp(-0.5), rel=0.01)


def test_a_flat_spectrum_and_a_single_spike():
    flat = compute(np.full(8, 3.0))
    assert flat["stable_rank"] == flat["energy_rank_99"] == 8
    assert flat["entropy_nats"] == pytest.approx(math.log(8)) and flat["entropy"] == 1
    assert flat["effective_rank"] == pytest.approx(8)
    assert flat["log_norm"] == pytest.approx(math.log10(24))
    assert flat["log_spectral_norm"] == pytest.approx(math.log10(3))
    spike = compute([0.0, 0.0, 5.0])
    assert spike["stable_rank"] == spike["effective_rank"] == spike["energy_rank_99"] == 1
    assert spike["entropy_nats"] == 0 and spike["rank_share"] == pytest.approx(1 / 3)


def test_energy_ranks_count_the_largest_eigenvalues_first():
    # Shares of the sum: 0.5, 0.3, 0.11, 0.05, 0.04.
    found = compute([4.0, 5.0, 11.0, 30.0, 50.0])
    assert [found[f"energy_rank_{p}"] for p in (90, 95, 99)] == [3, 4, 5]


def test_low_rank_plus_noise_is_seen_as_low_rank():
    generator = torch.Generator().manual_seed(1)
    factors = torch.randn(2, 200, 5, generator=generator)
    noise = 1e-2 * torch.randn(200, 200, generator=generator)
    found = compute(gram.eigenvalues(factors[0] @ factors[1].T + noise).numpy())
    assert found["energy_rank_99"] <= 5 < 6 and found["effective_rank"] < 5.5
    assert found["rank_share"] == 1, "noise is above the reference threshold"


def test_rounding_of_a_rank_deficient_matrix_is_no_spectrum():
    factors = torch.randn(
        2, 128, 32, dtype=torch.float64, generator=torch.Generator().manual_seed(2)
    )
    values = gram.eigenvalues(factors[0] @ factors[1].T).numpy()
    assert (values[:96] != 0).any(), "rounding is not exactly zero"
    found, exact = compute(values), compute(values[96:])
    for name in ("entropy", "entropy_nats", "effective_rank", "energy_rank_99"):
        assert found[name] == pytest.approx(exact[name]), name
    tailed = tails.compute(Spectrum(128, 128, values))
    assert tailed == tails.compute(Spectrum(32, 32, values[96:]))


def test_singular_values_below_the_threshold_do_not_count():
    assert compute([0.9e-10, 1.1e-10, 1.0])["rank_share"] == pytest.approx(2 / 3)


def test_a_zero_matrix_has_a_rank_share_of_zero_and_nothing_else():
    found = compute(np.zeros(5))
    assert found.pop("rank_share") == 0
    assert all(map(math.isnan, found.values()))
