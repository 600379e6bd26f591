"""ROSE and ALPS against naive references, and against SparseGPT's error."""

import pytest
import torch

from heavytail.pruning.methods import alps, rose, sparsegpt

CPU = torch.device("cpu")


def case(seed: int = 0, rows: int = 16, columns: int = 300) -> tuple[torch.Tensor, torch.Tensor]:
    """A matrix and correlated inputs of it, some features much stronger than others."""
    generator = torch.Generator().manual_seed(seed)
    mixing = torch.eye(columns) + torch.randn(columns, columns, generator=generator) / columns**0.5
    inputs = torch.randn(900, columns, generator=generator) @ mixing
    inputs *= torch.linspace(0.2, 3.0, columns)
    return torch.randn(rows, columns, generator=generator), inputs


def statistic_of(inputs: torch.Tensor) -> sparsegpt.Statistic:
    found = sparsegpt.Statistic(inputs.shape[1], CPU)
    found.add(inputs)
    return found


def error(dense: torch.Tensor, pruned: torch.Tensor, inputs: torch.Tensor) -> float:
    return (inputs.double() @ (pruned.double() - dense.double()).T).square().sum().item()


def naive_order(weight: torch.Tensor, inputs: torch.Tensor, sparsity: float) -> list[int]:
    """Columns by falling loss inside groups of 128, groups by falling loss."""
    scores = weight.double().abs() * inputs.double().square().sum(dim=0).sqrt()
    groups = []
    for start in range(0, weight.shape[1], 128):
        columns = range(start, min(start + 128, weight.shape[1]))
        ranked = sorted(scores[i, j].item() for i in range(len(weight)) for j in columns)
        threshold = ranked[int(sparsity * len(ranked))]
        loss = {j: scores[:, j][scores[:, j] < threshold].sum().item() for j in columns}
        groups.append((sum(loss.values()) / len(loss), sorted(columns, key=lambda j: -loss[j])))
    groups.sort(key=lambda group: -group[0])
    return [j for _, columns in groups for j in columns]


def test_rose_is_sparsegpt_on_columns_in_the_order_of_their_losses():
    weight, inputs = case()
    order = naive_order(weight, inputs, 0.5)
    (found,), (removed,) = rose.prune([weight.clone()], statistic_of(inputs), [0.5])
    sorted_inputs = statistic_of(inputs[:, order])
    (expected,), (mask,) = sparsegpt.prune([weight[:, order].clone()], sorted_inputs, [0.5])
    assert order != sorted(order) and torch.equal(removed[:, order], mask)
    assert torch.allclose(found[:, order], expected, rtol=1e-3, atol=1e-4)


def test_rose_leaves_the_order_where_groups_hardly_differ():
    weight, inputs = case()
    even = inputs / inputs.square().mean(dim=0).sqrt()
    (found,), (removed,) = rose.prune([weight.clone()], statistic_of(even), [0.5])
    (expected,), (mask,) = sparsegpt.prune([weight.clone()], statistic_of(even), [0.5])
    assert torch.equal(found, expected) and torch.equal(removed, mask)


def test_rose_moves_whole_groups_of_a_pattern():
    weight, inputs = case()
    scores = weight.abs() * inputs.square().sum(dim=0).sqrt()
    order = rose.order_of(scores, 0.5, 4).reshape(-1, 4)
    assert (order % 4 == torch.arange(4)).all() and (order.diff(dim=1) == 1).all()
    _, (removed,) = rose.prune([weight.clone()], statistic_of(inputs), [0.5], 4)
    assert (removed.reshape(-1, 4).sum(dim=1) == 2).all()


def naive_alps(weight, inputs, sparsity: float, group_size: int | None):
    """The paper's algorithm with an explicit inverse, in float64."""
    exact = 2 / len(inputs) * inputs.double().T @ inputs.double()
    one = torch.eye(len(exact), dtype=torch.float64)
    exact += 0.01 * exact.diagonal().mean() * one
    scale = exact.diagonal().sqrt()
    exact, dense = exact / scale / scale[:, None], weight.double() * scale

    def project(matrix):
        units = matrix.reshape(-1, group_size or matrix.numel())
        gone = units.abs().argsort(dim=1)[:, : int(sparsity * units.shape[1])]
        return units.scatter(1, gone, 0.0).reshape(matrix.shape)

    sparse, dual, penalty = project(dense), torch.zeros_like(dense), 0.1
    before = sparse != 0
    for step in range(300):
        inverse = torch.linalg.inv(exact + penalty * one)
        full = (dense @ exact - dual + penalty * sparse) @ inverse
        sparse = project(full + dual / penalty)
        dual += penalty * (full - sparse)
        if step % 3 == 2:
            kept = sparse != 0
            changed = (kept != before).sum() / kept.sum()
            if not changed:
                break
            penalty *= 1.3 if changed >= 0.1 else 1.2 if changed >= 0.005 else 1.1
            before = kept
    return sparse != 0, dense, exact, scale


@pytest.mark.parametrize(("sparsity", "group_size"), [(0.5, None), (0.75, None), (0.5, 4)])
def test_alps_finds_the_mask_of_the_papers_algorithm(sparsity, group_size):
    weight, inputs = case(rows=6, columns=24)
    (found,), (removed,) = alps.prune(
        [weight.clone()], statistic_of(inputs), [sparsity], group_size
    )
    kept, dense, exact, scale = naive_alps(weight, inputs, sparsity, group_size)
    assert torch.equal(~removed, kept) and (found[removed] == 0).all()
    # Ten steps come near the least squares solution on the mask.
    expected = torch.zeros_like(dense)
    for i, row in enumerate(dense):
        own = kept[i].nonzero().flatten()
        expected[i, own] = torch.linalg.solve(exact[own][:, own], exact[own] @ row)
    assert torch.allclose(found.double(), expected / scale, atol=0.02)


@pytest.mark.parametrize("group_size", [None, 4])
def test_alps_errs_less_than_sparsegpt(group_size):
    weight, inputs = case()
    statistic = statistic_of(inputs)
    found, theirs = (
        method.prune([weight.clone()], statistic, [0.5], group_size)[0][0]
        for method in (alps, sparsegpt)
    )
    assert error(weight, found, inputs) < 0.9 * error(weight, theirs, inputs)


def test_alps_removes_nothing_or_everything():
    weight, inputs = case(columns=24)
    for sparsity in (0.0, 1.0):
        (found,), (removed,) = alps.prune([weight.clone()], statistic_of(inputs), [sparsity])
        assert removed.float().mean() == sparsity
        assert torch.allclose(found, weight * (1 - sparsity), atol=1e-3)
