"""RIA against the paper's formula, entry by entry in float64."""

import pytest
import torch

from heavytail.pruning.methods import ria


@pytest.mark.parametrize("sparsity", [0.25, 0.6])
def test_the_smallest_relative_importances_go(sparsity):
    generator = torch.Generator().manual_seed(0)
    weight, inputs = (torch.randn(*shape, generator=generator) for shape in ((6, 8), (40, 8)))
    weight[2] = 0.0
    statistic = ria.Statistic(8, torch.device("cpu"))
    statistic.add(inputs)
    _, (removed,) = ria.prune([weight], statistic, [sparsity])
    exact, norms = weight.double().abs(), inputs.double().square().mean(dim=0).sqrt()
    scores = {
        (i, j): (exact[i, j] / (exact[i].sum() or 1) + exact[i, j] / exact[:, j].sum()).item()
        * norms[j].item() ** 0.5
        for i in range(6)
        for j in range(8)
    }
    expected = sorted(scores, key=lambda place: (scores[place], place))[: int(sparsity * 48)]
    assert set(map(tuple, removed.nonzero().tolist())) == set(expected)
