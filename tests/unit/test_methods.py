"""Each method against a naive float64 reference that reads like its paper."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from heavytail.methods import magnitude, sparsegpt, wanda


def statistic_of(method, inputs: torch.Tensor):
    statistic = method.Statistic(inputs.shape[-1], torch.device("cpu"))
    for part in inputs.split(7):
        statistic.add(part)
    return statistic


def correlated(tokens: int, columns: int, seed: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    mixing = torch.randn(columns, columns, generator=generator) / columns**0.5
    return torch.randn(tokens, columns, generator=generator) @ (mixing + torch.eye(columns))


def naive_magnitude(weight: torch.Tensor, sparsity: float) -> set[tuple[int, int]]:
    places = [(i, j) for i in range(weight.shape[0]) for j in range(weight.shape[1])]
    places.sort(key=lambda place: abs(weight[place].item()))
    return set(places[: int(round(sparsity * len(places), 6))])


def naive_wanda(weight: torch.Tensor, inputs: torch.Tensor, sparsity: float):
    norms = inputs.double().square().sum(0).sqrt()
    gone = set()
    for i, row in enumerate(weight.double()):
        order = sorted(range(len(row)), key=lambda j: (row[j].abs() * norms[j]).item())
        gone |= {(i, j) for j in order[: int(round(sparsity * len(row), 6))]}
    return gone


def naive_sparsegpt(weight: torch.Tensor, inputs: torch.Tensor, sparsity: float, group: int):
    """Algorithm 1, with the inverse Hessian of the remaining columns recomputed at every step."""
    weight, inputs = weight.double().clone(), inputs.double()
    hessian = 2 / len(inputs) * inputs.T @ inputs
    dead = hessian.diagonal() == 0
    hessian[dead, dead] = 1
    weight[:, dead] = 0
    hessian += 0.01 * hessian.diagonal().mean() * torch.eye(len(hessian))
    columns = weight.shape[1]
    inverses = [torch.linalg.inv(hessian[j:, j:]) for j in range(columns)]
    gone = torch.zeros_like(weight, dtype=torch.bool)
    for start in range(0, columns, group):
        stop = min(start + group, columns)
        scores = torch.stack(
            [weight[:, j] ** 2 / inverses[j][0, 0] for j in range(start, stop)], dim=1
        )
        order = scores.flatten().argsort(stable=True)
        count = int(round(sparsity * scores.numel(), 6))
        gone[:, start:stop] = (
            torch.zeros(scores.numel(), dtype=torch.bool)
            .index_fill(0, order[:count], True)
            .reshape(scores.shape)
        )
        for j in range(start, stop):
            error = torch.where(gone[:, j], weight[:, j], 0) / inverses[j][0, 0]
            weight[:, j:] -= error[:, None] * inverses[j][0]
            weight[:, j] = torch.where(gone[:, j], 0, weight[:, j])
    return weight, gone


def places(mask: torch.Tensor) -> set[tuple[int, int]]:
    return {tuple(place) for place in mask.nonzero().tolist()}


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 10**6), sparsity=st.sampled_from([0.0, 0.33, 0.5, 0.7, 1.0]))
def test_magnitude_and_wanda_masks_equal_the_naive_ones(seed, sparsity):
    weight = torch.randn(9, 20, generator=torch.Generator().manual_seed(seed))
    inputs = correlated(50, 20, seed)
    pruned, gone = magnitude.prune(weight, None, sparsity)
    assert places(gone) == naive_magnitude(weight, sparsity)
    assert torch.equal(pruned, torch.where(gone, 0, weight))
    pruned, gone = wanda.prune(weight, statistic_of(wanda, inputs), sparsity)
    assert places(gone) == naive_wanda(weight, inputs, sparsity)
    assert torch.equal(pruned, torch.where(gone, 0, weight))
    assert (gone.sum(1) == int(round(sparsity * 20, 6))).all()


@pytest.mark.parametrize("columns", [40, 128, 200])
@pytest.mark.parametrize("sparsity", [0.3, 0.7])
def test_sparsegpt_equals_the_paper(columns, sparsity):
    weight, inputs = torch.randn(24, columns), correlated(600, columns, seed=columns)
    expected, expected_gone = naive_sparsegpt(weight, inputs, sparsity, group=128)
    found, gone = sparsegpt.prune(weight.clone(), statistic_of(sparsegpt, inputs), sparsity)
    # float32 against float64: near-ties may fall either way, hence the error and not each bit.
    assert (gone == expected_gone).double().mean() > 0.998
    assert gone.sum() == expected_gone.sum()

    def error(pruned):
        return (inputs.double() @ (pruned.double() - weight.double()).T).square().sum().item()

    assert error(found) == pytest.approx(error(expected), rel=1e-3)
    assert error(found) < error(torch.where(gone, 0, weight))
    assert (found[gone] == 0).all()


def test_sparsegpt_removes_exact_counts_per_group_and_zeroes_dead_columns():
    inputs = correlated(400, 150, seed=3)
    inputs[:, 5] = 0
    weight = torch.randn(10, 150)
    found, gone = sparsegpt.prune(weight.clone(), statistic_of(sparsegpt, inputs), 0.7)
    assert gone[:, :128].sum() == int(0.7 * 1280) and gone[:, 128:].sum() == int(0.7 * 220)
    assert (found[:, 5] == 0).all() and gone[:, 5].all()


def test_sparsegpt_raises_damping_for_a_hessian_that_is_not_positive_definite(caplog):
    statistic = sparsegpt.Statistic(3, torch.device("cpu"))
    statistic.add(torch.ones(4, 3))
    # An accumulated rounding error: one eigenvalue is clearly negative.
    statistic.total -= 0.6 * torch.eye(3)
    statistic.factor()
    assert "damping 0.01" in caplog.text


def test_sparsegpt_never_hides_a_hopeless_hessian():
    statistic = sparsegpt.Statistic(2, torch.device("cpu"))
    statistic.add(torch.tensor([[1.0, float("nan")]]))
    with pytest.raises(ArithmeticError, match="NaN"):
        statistic.factor()


@pytest.mark.parametrize("method", [wanda, sparsegpt])
def test_methods_leave_the_dense_weight_alone(method):
    weight, inputs = torch.randn(6, 12), correlated(60, 12, seed=1)
    before = weight.clone()
    method.prune(weight, statistic_of(method, inputs), 0.5)
    assert torch.equal(weight, before)
