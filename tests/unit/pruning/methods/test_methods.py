"""Each method against a naive float64 reference that reads like its paper."""

import pytest
import torch

from heavytail.models.checkpoint import Checkpoint
from heavytail.pruning.methods import magnitude, sparsegpt, wanda, wanda_variant
from support.project import ROOT

CPU = torch.device("cpu")
PATTERNS = [(0.7, None), (0.33, None), (0.5, 4), (0.5, 8), (0.625, 8)]


def statistic_of(method, inputs: torch.Tensor, dtype: torch.dtype = torch.float32):
    statistic = method.Statistic(inputs.shape[-1], CPU)
    statistic.total = statistic.total.to(dtype)
    for part in inputs.split(7):
        statistic.add(part)
    return statistic


def correlated(tokens: int, columns: int, seed: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    mixing = torch.randn(columns, columns, generator=generator) / columns**0.5
    return torch.randn(tokens, columns, generator=generator) @ (mixing + torch.eye(columns))


def random_case(seed: int, rows: int = 24, columns: int = 200):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(rows, columns, generator=generator), correlated(600, columns, seed)


def trained_case():
    """A matrix of the stand-in, with the inputs of a random mixture."""
    weight = Checkpoint(ROOT / "resources/standin").matrix(3, "gate_proj").float()
    return weight, correlated(600, weight.shape[1], seed=5)


CASES = {"random": lambda: random_case(0), "trained": trained_case}


def lowest(scores: dict, count: int) -> set:
    return set(sorted(scores, key=lambda place: (scores[place], place))[:count])


def units_of(shape: tuple[int, int], unit: int):
    """The places of a matrix, row by row, in groups of `unit`."""
    slices = [(i, j) for i in range(shape[0]) for j in range(shape[1])]
    return [slices[start : start + unit] for start in range(0, len(slices), unit)]


def naive(scores: torch.Tensor, sparsity: float, unit: int) -> set[tuple[int, int]]:
    gone = set()
    for unit_places in units_of(tuple(scores.shape), unit):
        scored = {place: scores[place].item() for place in unit_places}
        gone |= lowest(scored, int(round(sparsity * unit, 6)))
    return gone


def naive_wanda_scores(weight: torch.Tensor, inputs: torch.Tensor) -> torch.Tensor:
    norms = [sum(x.item() ** 2 for x in column) ** 0.5 for column in inputs.double().T]
    return torch.tensor(
        [[abs(w.item()) * n for w, n in zip(row, norms, strict=True)] for row in weight]
    )


def naive_variant(weight: torch.Tensor, inputs: torch.Tensor, sparsity: float):
    """The published search, carried on until no other α lies between."""
    scores = naive_wanda_scores(weight, inputs).double()
    ordered = scores.sort(dim=1).values
    sums = ordered.cumsum(1) / ordered.sum(1, keepdim=True)
    low, high, wanted = 0.0, 1.0, int(round(sparsity * weight.numel(), 6))
    while (sums <= high).sum() > wanted and high - low > 1e-15:
        middle = (low + high) / 2
        low, high = (low, middle) if (sums <= middle).sum() >= wanted else (middle, high)
    counts = (sums <= high).sum(1)
    return {
        (i, j)
        for i, row in enumerate(scores)
        for j in row.argsort(stable=True)[: counts[i]].tolist()
    }


def naive_sparsegpt(weight, inputs, sparsity: float, group: int, group_size: int | None = None):
    """Algorithm 1, with the inverse Hessian of the remaining columns recomputed at every step."""
    weight, inputs = weight.double().clone(), inputs.double()
    hessian = 2 / len(inputs) * inputs.T @ inputs
    dead = hessian.diagonal() == 0
    hessian[dead, dead] = 1
    weight[:, dead] = 0
    hessian += 0.01 * hessian.diagonal().mean() * torch.eye(len(hessian), dtype=torch.float64)
    columns = weight.shape[1]
    inverses = [torch.linalg.inv(hessian[j:, j:]) for j in range(columns)]
    gone = torch.zeros_like(weight, dtype=torch.bool)

    def mark(start: int, stop: int, unit: int) -> None:
        scores = [weight[:, j] ** 2 / inverses[j][0, 0] for j in range(start, stop)]
        for i, j in naive(torch.stack(scores, dim=1), sparsity, unit):
            gone[i, start + j] = True

    for j in range(columns):
        if group_size is None and j % group == 0:
            stop = min(j + group, columns)
            mark(j, stop, len(weight) * (stop - j))
        if group_size is not None and j % group_size == 0:
            mark(j, j + group_size, group_size)
        error = torch.where(gone[:, j], weight[:, j], 0) / inverses[j][0, 0]
        weight[:, j:] -= error[:, None] * inverses[j][0]
        weight[:, j] = torch.where(gone[:, j], 0, weight[:, j])
    return weight, gone


def slices(mask: torch.Tensor) -> set[tuple[int, int]]:
    return {tuple(place) for place in mask.nonzero().tolist()}


def reconstruction_error(weight, pruned, inputs) -> float:
    return (inputs.double() @ (pruned.double() - weight.double()).T).square().sum().item()


# Fixed seeds: float32 may decide a near-tie otherwise than float64.
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("sparsity", [0.0, 0.33, 0.5, 0.7, 1.0])
def test_magnitude_and_wanda_masks_equal_the_naive_ones(seed, sparsity):
    weight, inputs = random_case(seed, 9, 20)
    (same,), (gone,) = magnitude.prune([weight], None, [sparsity])
    assert slices(gone) == naive(weight.abs(), sparsity, weight.numel()) and same is weight
    (same,), (gone,) = wanda.prune([weight], statistic_of(wanda, inputs), [sparsity])
    assert slices(gone) == naive(naive_wanda_scores(weight, inputs), sparsity, 20)
    assert (gone.sum(1) == int(round(sparsity * 20, 6))).all() and same is weight
    _, (gone,) = wanda_variant.prune([weight], statistic_of(wanda, inputs), [sparsity])
    assert gone.sum() == int(round(sparsity * 180, 6))
    if 0 < sparsity < 1:
        assert slices(gone) == naive_variant(weight, inputs, sparsity)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize(("sparsity", "group_size"), PATTERNS)
def test_masks_of_patterns_and_of_trained_weights_equal_the_naive_ones(case, sparsity, group_size):
    weight, inputs = CASES[case]()
    _, (gone,) = magnitude.prune([weight], None, [sparsity], group_size)
    assert slices(gone) == naive(weight.abs(), sparsity, group_size or weight.numel())
    _, (gone,) = wanda.prune([weight], statistic_of(wanda, inputs), [sparsity], group_size)
    scores = naive_wanda_scores(weight, inputs)
    assert slices(gone) == naive(scores, sparsity, group_size or weight.shape[1])


def test_the_variant_takes_more_from_rows_whose_scores_are_uneven():
    noise = torch.rand(2, 50, generator=torch.Generator().manual_seed(0))
    even, uneven = 1 + 0.01 * noise[0], noise[1] ** 8
    statistic = statistic_of(wanda_variant, torch.ones(4, 50))
    _, (gone,) = wanda_variant.prune([torch.stack([even, uneven])], statistic, [0.5])
    assert gone.sum() == 50 and gone[1].sum() > 3 * gone[0].sum()
    _, (gone,) = wanda_variant.prune([torch.zeros(2, 50)], statistic, [0.5])
    assert gone.sum() == 50


def test_the_variant_refuses_groups():
    with pytest.raises(ValueError, match="has no groups of 4"):
        wanda_variant.prune([torch.ones(2, 8)], statistic_of(wanda, torch.ones(3, 8)), [0.5], 4)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize(("sparsity", "group_size"), PATTERNS)
def test_sparsegpt_equals_the_paper(case, sparsity, group_size):
    """The same code in float64 gives the same masks; float32 stays as close as float32 can."""
    weight, inputs = CASES[case]()
    expected, expected_gone = naive_sparsegpt(weight, inputs, sparsity, sparsegpt.GROUP, group_size)
    error = reconstruction_error(weight, expected, inputs)
    statistic = statistic_of(sparsegpt, inputs, torch.float64)
    (found,), (gone,) = sparsegpt.prune([weight.double()], statistic, [sparsity], group_size)
    assert torch.equal(gone, expected_gone)
    assert reconstruction_error(weight, found, inputs) == pytest.approx(error, rel=1e-9)
    (found,), (gone,) = sparsegpt.prune(
        [weight.clone()], statistic_of(sparsegpt, inputs), [sparsity], group_size
    )
    assert gone.sum() == expected_gone.sum()
    # Near-ties may fall either way.
    assert (gone == expected_gone).double().mean() > 0.999
    assert reconstruction_error(weight, found, inputs) == pytest.approx(error, rel=1e-5)
    assert error < reconstruction_error(weight, torch.where(gone, 0, weight), inputs)
    assert (found[gone] == 0).all()


def test_sparsegpt_prunes_matrices_of_the_same_inputs_as_if_alone():
    weights = list(random_case(4, 22, 150)[0].split([7, 12, 3]))
    statistic, ratios = statistic_of(sparsegpt, correlated(400, 150, seed=3)), [0.2, 0.7, 0.5]
    together = sparsegpt.prune(weights, statistic, ratios)
    for number, (weight, ratio) in enumerate(zip(weights, ratios, strict=True)):
        (alone,), (gone,) = sparsegpt.prune([weight], statistic, [ratio])
        assert torch.equal(together[1][number], gone)
        assert torch.allclose(together[0][number], alone, atol=1e-5)


def test_sparsegpt_removes_exact_counts_per_group_and_zeroes_dead_columns():
    inputs = correlated(400, 150, seed=3)
    inputs[:, 5] = 0
    weight, _ = random_case(2, 10, 150)
    (found,), (gone,) = sparsegpt.prune([weight], statistic_of(sparsegpt, inputs), [0.7])
    assert gone[:, :128].sum() == int(0.7 * 1280) and gone[:, 128:].sum() == int(0.7 * 220)
    assert (found[:, 5] == 0).all() and gone[:, 5].all()


def test_sparsegpt_raises_damping_for_a_hessian_that_is_not_positive_definite(caplog):
    statistic = sparsegpt.Statistic(3, CPU)
    statistic.add(torch.ones(4, 3))
    # An accumulated rounding error: one eigenvalue is clearly negative.
    statistic.total -= 0.6 * torch.eye(3)
    factor = statistic.factor()
    assert "damping 0.01" in caplog.text and "damping 0.1 " in caplog.text
    hessian = statistic.total.triu() + statistic.total.triu(1).T
    hessian = hessian / 2 + (hessian / 2).diagonal().mean() * torch.eye(3)
    assert torch.allclose(factor.T @ factor, torch.linalg.inv(hessian), rtol=1e-4)


def test_sparsegpt_never_hides_a_hopeless_hessian():
    statistic = sparsegpt.Statistic(2, CPU)
    statistic.add(torch.tensor([[1.0, 1.0]]))
    statistic.total -= 5 * torch.eye(2)
    with pytest.raises(ArithmeticError, match="not positive definite with damping 1"):
        statistic.factor()


@pytest.mark.parametrize("method", [wanda, wanda_variant, sparsegpt])
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_activations_that_are_no_numbers_are_refused(method, value):
    statistic = method.Statistic(2, CPU)
    statistic.add(torch.tensor([[1.0, value]]))
    with pytest.raises(ValueError, match="NaN or infinite activations"):
        method.prune([torch.ones(3, 2)], statistic, [0.5])


@pytest.mark.parametrize("method", [wanda, wanda_variant, sparsegpt])
def test_methods_leave_the_dense_weight_alone(method):
    weight, inputs = torch.randn(6, 12), correlated(60, 12, seed=1)
    before = weight.clone()
    method.prune([weight], statistic_of(method, inputs), [0.5])
    assert torch.equal(weight, before)
