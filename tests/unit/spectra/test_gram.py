import pytest
import torch

from heavytail.spectra import gram


def drawn(*shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(sum(shape)))


# Beyond one strip of columns, beyond one part of the rows, and degenerate.
@pytest.mark.parametrize(
    "shape", [(40, 40), (96, 24), (24, 96), (600, 530), (4100, 9), (1, 30), (30, 1)]
)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_eigenvalues_are_squared_singular_values(shape, dtype):
    weight = drawn(*shape).to(dtype)
    expected = torch.linalg.svdvals(weight.double()).square().flip(0)
    found = gram.eigenvalues(weight)
    assert found.dtype == torch.float64 and found.shape == (min(shape),)
    # Squaring in the Gram matrix loses digits relative to the largest eigenvalue only.
    assert torch.allclose(found, expected, rtol=1e-12, atol=1e-12 * expected[-1].item())
    assert (found.diff() >= 0).all() and (found >= 0).all()


def test_low_rank_matrices_have_no_negative_eigenvalues():
    weight = drawn(50, 3) @ drawn(3, 50)
    found = gram.eigenvalues(weight)
    assert (found >= 0).all() and (found[-3:] > 1).all() and (found[:-3] < 1e-6).all()


def test_a_batch_gives_the_spectra_of_its_matrices():
    batch = drawn(3, 20, 30)
    found = gram.eigenvalues(batch)
    for weight, values in zip(batch, found, strict=True):
        assert torch.allclose(values, gram.eigenvalues(weight), rtol=1e-12)


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        (torch.full((3, 3), float("nan")), "NaN"),
        (torch.full((3, 3), float("inf")), "infinite"),
        (torch.zeros(3), "matrix"),
        (torch.zeros(3, 3, dtype=torch.int8), "int8"),
        (torch.zeros(3, 3, dtype=torch.float8_e4m3fn), "float8"),
    ],
)
def test_what_has_no_spectrum_is_refused(weight, message):
    with pytest.raises(ValueError, match=message):
        gram.readable(weight)
