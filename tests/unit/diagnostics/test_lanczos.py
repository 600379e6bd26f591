import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from heavytail.diagnostics import lanczos as module

CPU = torch.device("cpu")


def symmetric(size: int, seed: int = 0) -> torch.Tensor:
    matrix = torch.randn(size, size, generator=torch.Generator().manual_seed(seed))
    return (matrix + matrix.T) / 2


def with_eigenvalues(values: list[float], seed: int = 0) -> torch.Tensor:
    directions = torch.linalg.qr(symmetric(len(values), seed).double()).Q
    return (directions * torch.tensor(values, dtype=torch.float64) @ directions.T).float()


def lanczos(matrix: torch.Tensor, top: int, iterations: int | None = None, **options):
    size = len(matrix)
    return module.lanczos(
        lambda vector: matrix @ vector, size, top, iterations or size, 0, CPU, **options
    )


@settings(deadline=None, max_examples=15)
@given(seed=st.integers(0, 10**6), size=st.integers(2, 60), top=st.integers(1, 12))
def test_lanczos_finds_the_largest_eigenvalues(seed, size, top):
    top = min(top, size)
    matrix = symmetric(size, seed)
    found, residuals = lanczos(matrix, top, tolerance=0.0)
    expected = np.linalg.eigvalsh(matrix.double().numpy())[::-1]
    # float32 products and orthogonalisation: a few roundings of 1e-7 of the operator's norm.
    np.testing.assert_allclose(found, expected[:top], atol=1e-5 * np.abs(expected).max())
    assert found.dtype == residuals.dtype == np.float64 and found.shape == residuals.shape


def test_a_lanczos_residual_bounds_the_distance_to_an_eigenvalue():
    matrix = symmetric(300)
    found, residuals = lanczos(matrix, 12, 30)
    exact = np.linalg.eigvalsh(matrix.double().numpy())
    distances = np.abs(found[:, None] - exact).min(axis=1)
    # Beside the bound, float32 rounding of 1e-5 of the norm.
    assert (distances <= residuals + 1e-5 * exact[-1]).all()
    # So early nothing but the largest has converged: the bound must say so.
    assert residuals[-1] > 0.05 * exact[-1]


def test_lanczos_ends_once_the_wanted_eigenvalues_have_converged():
    matrix, calls = with_eigenvalues([2.0 ** -(k / 2) for k in range(200)]), []

    def product(vector):
        calls.append(1)
        return matrix @ vector

    found, residuals = module.lanczos(product, 200, 5, 200, 0, CPU)
    assert len(calls) < 100 and len(calls) % module.CHECK_EVERY == 0
    assert (residuals <= 1e-2 * found).all()
    # A Ritz value's error is the square of its residual over the gap, 1e-6 / 0.07.
    np.testing.assert_allclose(found, [2.0 ** -(k / 2) for k in range(5)], atol=2e-5)


def test_a_long_basis_stays_orthogonal():
    """Without reorthogonalisation the outlier comes back as copies of itself."""
    found, _ = lanczos(with_eigenvalues([100.0, *np.linspace(0.0, 1.0, 199)]), 5, tolerance=0.0)
    # The rounding of float32 at the outlier: 100 · 1e-7 · a few.
    np.testing.assert_allclose(found, [100.0, *np.linspace(1.0, 0.0, 199)[:4]], atol=2e-4)


def test_negative_eigenvalues_are_the_smallest():
    found, _ = lanczos(with_eigenvalues([-50.0, 3.0, 2.0, 1.0, -1.0]), 3)
    np.testing.assert_allclose(found, [3.0, 2.0, 1.0], atol=5e-4)


@pytest.mark.parametrize("values", [[5.0, 3.0, 1.0], [4.0], []])
def test_an_exhausted_krylov_space_gives_each_eigenvalue_once(values):
    calls, matrix = [], with_eigenvalues([*values, *[0.0] * (40 - len(values))])

    def product(vector):
        calls.append(1)
        return matrix @ vector

    found, residuals = module.lanczos(product, 40, 10, 40, 0, CPU)
    # One more for a direction that rounding leaves over.
    assert len(found) == len(calls) <= len(values) + 2
    np.testing.assert_allclose(found[: len(values)], values, atol=1e-5)
    np.testing.assert_allclose(found[len(values) :], 0.0, atol=1e-5)
    assert (residuals < 1e-5).all()


def test_an_operator_that_returns_its_argument_is_not_spoilt():
    found, _ = module.lanczos(lambda vector: vector, 30, 3, 30, 0, CPU)
    np.testing.assert_allclose(found, [1.0], atol=1e-6)


def test_lanczos_depends_on_its_seed_alone():
    matrix = symmetric(50)
    first, _ = lanczos(matrix, 3, 10)
    torch.manual_seed(123)
    again, _ = lanczos(matrix, 3, 10)
    other, _ = module.lanczos(lambda vector: matrix @ vector, 50, 3, 10, 1, CPU)
    assert (first == again).all() and (first != other).all()


def test_what_lanczos_cannot_do_is_refused():
    with pytest.raises(ValueError, match="found top = 6, expected at most 5"):
        lanczos(symmetric(5), 6)
    with pytest.raises(ValueError, match="found top = 4, expected at most 3"):
        lanczos(symmetric(5), 4, 3)
    with pytest.raises(ArithmeticError, match="product number 1"):
        lanczos(symmetric(5) * math.nan, 1)
