"""STADE against the paper's formulas, entry by entry in float64."""

import pytest
import torch

from heavytail.pruning import combined
from heavytail.pruning.after import refit, swaps
from heavytail.pruning.methods import stade

CPU = torch.device("cpu")


def case() -> tuple[torch.Tensor, torch.Tensor]:
    """A matrix and inputs whose means are far from zero, in some columns without variance."""
    generator = torch.Generator().manual_seed(0)
    weight, noise = (torch.randn(*shape, generator=generator) for shape in ((6, 8), (400, 8)))
    scale = torch.tensor([0.1, 2.0, 0.5, 0.0, 1.0, 3.0, 0.2, 1.0])
    return weight, noise * scale + torch.tensor([5.0, -3.0, 0.0, 2.0, 900.0, 0.0, -1.0, 0.5])


def gathered(inputs: torch.Tensor, kind=stade.Statistic):
    """The statistic of inputs that come in batches of several sizes."""
    statistic = kind(inputs.shape[1], CPU)
    for batch in inputs.split([1, 99, 200, 100]):
        statistic.add(batch[None])
    return statistic


def naive(weight: torch.Tensor, inputs: torch.Tensor, sparsity: float) -> tuple:
    """The mask and the bias, weight by weight."""
    exact, inputs = weight.double(), inputs.double()
    means = [inputs[:, j].sum() / len(inputs) for j in range(weight.shape[1])]
    gone, bias = torch.zeros(weight.shape, dtype=torch.bool), []
    for i, row in enumerate(exact):
        scores = [
            (row[j] ** 2 * ((inputs[:, j] - means[j]) ** 2).sum() / len(inputs)).item()
            for j in range(len(row))
        ]
        order = sorted(range(len(row)), key=scores.__getitem__)[: int(sparsity * len(row))]
        gone[i, order] = True
        bias.append(sum(row[j] * means[j] for j in order))
    return gone, torch.stack(bias)


@pytest.mark.parametrize("sparsity", [0.25, 0.625])
def test_the_smallest_deviations_go_and_the_bias_takes_their_mean(sparsity):
    weight, inputs = case()
    statistic = gathered(inputs)
    _, (removed,) = stade.prune([weight], statistic, [sparsity])
    expected, bias = naive(weight, inputs, sparsity)
    assert torch.equal(removed, expected)
    found = stade.bias(weight, weight.masked_fill(removed, 0), statistic)
    assert torch.allclose(found, bias, rtol=1e-6, atol=1e-9)


def test_moments_are_exact_where_means_are_far_larger_than_deviations():
    _, inputs = case()
    inputs[:, 4] = 1e4 + 0.01 * inputs[:, 4]
    statistic = gathered(inputs)
    exact = inputs.double()
    assert torch.allclose(statistic.mean, exact.mean(dim=0), rtol=1e-10, atol=1e-7)
    deviation = exact.std(dim=0, correction=0).float()
    assert torch.allclose(statistic.deviation(), deviation, rtol=1e-5, atol=1e-7)


def test_an_activation_that_is_no_number_is_told():
    _, inputs = case()
    inputs[7, 2] = torch.nan
    with pytest.raises(ValueError, match="NaN or infinite activations"):
        stade.prune([torch.ones(2, 8)], gathered(inputs), [0.5])


def errors(dense, pruned, bias, inputs) -> torch.Tensor:
    """The mean squared error of each output."""
    return (inputs.double() @ (pruned.double() - dense.double()).T + bias).square().mean(dim=0)


@pytest.mark.parametrize("steps", [(swaps, None), (None, refit), (swaps, refit)])
def test_after_steps_the_bias_is_that_of_what_they_left(steps):
    weight, inputs = case()
    method = combined.Combined(stade, *steps)
    statistic = gathered(inputs, method.Statistic)
    (kept,), (removed,) = method.prune([weight], statistic, [0.5])
    pruned = kept.masked_fill(removed, 0)
    bias = method.bias(weight, pruned, statistic)
    best = errors(weight, pruned, bias, inputs)
    for other in (bias - 0.1, bias + 0.1):
        assert (errors(weight, pruned, other, inputs) > best).all()
