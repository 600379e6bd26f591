"""Swaps and refits against naive float64 references, and methods with these steps."""

from itertools import pairwise, product

import pytest
import torch

from heavytail.pruning import combined, hessian
from heavytail.pruning.after import refit, swaps
from heavytail.pruning.loop import chosen
from heavytail.pruning.methods import magnitude, sparsegpt, wanda

CPU = torch.device("cpu")


def case(seed: int = 0, rows: int = 6, columns: int = 24) -> tuple[torch.Tensor, torch.Tensor]:
    """A matrix and correlated inputs of it."""
    generator = torch.Generator().manual_seed(seed)
    mixing = torch.randn(columns, columns, generator=generator) / columns**0.5
    inputs = torch.randn(300, columns, generator=generator) @ (mixing + torch.eye(columns))
    return torch.randn(rows, columns, generator=generator), inputs


def gathered(inputs: torch.Tensor) -> sparsegpt.Statistic:
    statistic = sparsegpt.Statistic(inputs.shape[1], CPU)
    statistic.add(inputs)
    return statistic


def errors(dense: torch.Tensor, pruned: torch.Tensor, inputs: torch.Tensor) -> torch.Tensor:
    """The squared error of each row's outputs."""
    return (inputs.double() @ (pruned.double() - dense.double()).T).square().sum(dim=0)


def masks(weight: torch.Tensor, group_size: int | None) -> torch.Tensor:
    return magnitude.prune([weight], None, [0.5], group_size)[1][0]


def test_the_whole_hessian_is_that_of_the_inputs():
    _, inputs = case()
    exact = 2 / len(inputs) * inputs.double().T @ inputs.double()
    found = hessian.whole(gathered(inputs))
    assert torch.allclose(found.double(), exact, rtol=1e-4, atol=1e-5)
    diagonal = exact.diagonal()
    assert torch.allclose(
        hessian.damped(found).diagonal().double(), diagonal + 0.01 * diagonal.mean(), rtol=1e-4
    )
    assert torch.equal(hessian.damped(torch.zeros(3, 3)), torch.eye(3))
    with pytest.raises(ValueError, match="NaN or infinite activations"):
        hessian.whole(gathered(inputs * torch.inf))


def naive_refit(dense, removed, inputs):
    """The normal equations of each row's own columns."""
    exact = 2 / len(inputs) * inputs.double().T @ inputs.double()
    exact += 0.01 * exact.diagonal().mean() * torch.eye(len(exact), dtype=torch.float64)
    found = torch.zeros_like(dense, dtype=torch.float64)
    for i, row in enumerate(dense.double()):
        kept = (~removed[i]).nonzero().flatten()
        if len(kept):
            found[i, kept] = torch.linalg.solve(exact[kept][:, kept], exact[kept] @ row)
    return found


@pytest.mark.parametrize("group_size", [None, 4])
def test_a_refit_is_the_least_squares_solution_on_the_mask(group_size):
    dense, inputs = case()
    removed = masks(dense, group_size)
    removed[1], removed[2] = True, False
    total = hessian.damped(hessian.whole(gathered(inputs)))
    found = refit.refit(dense, dense, removed, total, steps=100)
    assert torch.allclose(found.double(), naive_refit(dense, removed, inputs), atol=1e-3)
    assert (found[removed] == 0).all() and torch.allclose(found[2], dense[2])


def test_every_step_of_a_refit_lowers_the_error():
    dense, inputs = case(rows=16, columns=64)
    removed = masks(dense, None)
    total = hessian.damped(hessian.whole(gathered(inputs)))

    def error(steps: int) -> float:
        moved = refit.refit(dense, dense, removed, total, steps).double() - dense.double()
        return (moved @ total.double() * moved).sum().item()

    found = [error(steps) for steps in (0, 1, 2, 5, refit.STEPS)]
    assert found == sorted(found, reverse=True) and found[-1] < 0.8 * found[0]


def change(row, gone, exact, p: int, q: int) -> float:
    """By how much the error of a row changes if p is restored and q removed."""

    def error(removed) -> float:
        lost = torch.where(removed, row, 0)
        return (lost @ exact @ lost).item()

    after = gone.clone()
    after[p], after[q] = False, True
    return error(after) - error(gone)


def naive_swaps(weight, removed, exact):
    """One row after the other: the better of two pairs, each by the error itself."""
    removed = removed.clone()
    for row, gone in zip(weight.double(), removed, strict=True):
        for _ in range(swaps.SWAPS):
            outs, ins = gone.nonzero().flatten().tolist(), (~gone).nonzero().flatten().tolist()
            lost = torch.where(gone, row, 0)

            def alone(j: int, sign: int, row=row, lost=lost) -> float:
                return (row[j] ** 2 * exact[j, j] + sign * 2 * row[j] * (lost @ exact[j])).item()

            p = min(outs, key=lambda j: alone(j, -1))
            q = min(ins, key=lambda j: alone(j, 1))
            pairs = [*product([p], ins), *product(outs, [q])]
            least, best = min((change(row, gone, exact, *pair), pair) for pair in pairs)
            if least >= -1e-9:
                break
            gone[best[0]], gone[best[1]] = False, True
    return removed


def best_swap(row, gone, exact, groups) -> tuple[float, int, int]:
    """Of all pairs of a row that lie in one of some groups, by the error itself."""
    pairs = [
        pair for group in groups for pair in product(group, group) if gone[pair[0]] > gone[pair[1]]
    ]
    return min(((change(row, gone, exact, *pair), *pair) for pair in pairs), default=(0.0, 0, 0))


def naive_group_swaps(weight, removed, exact, turns):
    """One row after the other: the best swap in each turn, until all turns in a row found none.

    A turn is a list of groups. The paper has one, all groups of the row.
    """
    removed = removed.clone()
    for row, gone in zip(weight.double(), removed, strict=True):
        moved = True
        while moved:
            moved = False
            for groups in turns:
                least, p, q = best_swap(row, gone, exact, groups)
                if least < -1e-9:
                    gone[p], gone[q], moved = False, True, True
    return removed


@pytest.mark.parametrize("seed", range(3))
def test_swaps_are_those_of_the_errors_themselves(seed, monkeypatch):
    monkeypatch.setattr(swaps, "ROWS", 4)
    weight, inputs = case(seed)
    removed = masks(weight, None)
    exact = 2 / len(inputs) * inputs.double().T @ inputs.double()
    found = swaps.swapped(weight, removed, exact.float(), None)
    assert torch.equal(found, naive_swaps(weight, removed, exact))
    assert not torch.equal(found, removed)
    assert torch.equal(found.sum(dim=1), removed.sum(dim=1))
    before, after = (errors(weight, weight * ~mask, inputs) for mask in (removed, found))
    assert (after <= before).all() and after.sum() < 0.9 * before.sum()


@pytest.mark.parametrize("group_size", [4, 8])
@pytest.mark.parametrize("seed", range(3))
def test_swaps_in_groups_try_all_pairs_of_a_group(seed, group_size, monkeypatch):
    monkeypatch.setattr(swaps, "ROWS", 4)
    # Three groups of 4 are told of each other at once, then one of 8.
    monkeypatch.setattr(swaps, "NEAR", 12)
    weight, inputs = case(seed, columns=32)
    removed = masks(weight, group_size)
    exact = 2 / len(inputs) * inputs.double().T @ inputs.double()
    groups = [range(start, start + group_size) for start in range(0, 32, group_size)]
    found = swaps.swapped(weight, removed, exact.float(), group_size)
    assert torch.equal(found, naive_group_swaps(weight, removed, exact, [[one] for one in groups]))
    assert (found.reshape(-1, group_size).sum(dim=1) == group_size // 2).all()
    for row, gone in zip(weight.double(), found, strict=True):
        assert best_swap(row, gone, exact, groups)[0] > -1e-4
    papers = naive_group_swaps(weight, removed, exact, [groups])
    before, after, best = (
        errors(weight, weight * ~mask, inputs) for mask in (removed, found, papers)
    )
    assert (after <= before).all()
    assert after.sum() < 0.9 * before.sum() and after.sum() < 1.1 * best.sum()


def test_the_error_never_grows_from_sweep_to_sweep(monkeypatch):
    weight, inputs = case(rows=16, columns=256)
    total = inputs.T @ inputs / len(inputs)
    removed, found = masks(weight, 4), []
    for number in range(7):
        monkeypatch.setattr(swaps, "SWAPS", number)
        mask = swaps.swapped(weight, removed, total, 4)
        found.append(errors(weight, weight * ~mask, inputs))
    assert all((after <= before).all() for before, after in pairwise(found))
    assert found[-1].sum() < 0.65 * found[0].sum()


@pytest.mark.parametrize("share", [0.0, 1.0])
@pytest.mark.parametrize("group_size", [None, 4])
def test_a_mask_without_choice_stays(share, group_size):
    weight, inputs = case()
    removed = torch.full_like(weight, share).bool()
    assert torch.equal(swaps.swapped(weight, removed, inputs.T @ inputs, group_size), removed)


@pytest.mark.parametrize("method", [magnitude, wanda, sparsegpt])
@pytest.mark.parametrize("group_size", [None, 4])
def test_steps_after_a_method_lower_its_error(method, group_size):
    weight, inputs = case(rows=32, columns=128)

    def error(*steps) -> float:
        whole = combined.Combined(method, *steps)
        statistic = whole.Statistic(128, CPU)
        statistic.add(inputs)
        (pruned,), (removed,) = whole.prune([weight.clone()], statistic, [0.5], group_size)
        assert (method.REWRITES or steps[1] is not None) == whole.REWRITES
        assert removed.sum() == weight.numel() // 2
        return errors(weight, pruned.masked_fill(removed, 0), inputs).sum().item()

    plain, refitted, both = error(None, None), error(None, refit), error(swaps, refit)
    assert refitted < plain and both < refitted * (1.0 if method is sparsegpt else 0.95)


def test_the_loop_finds_a_method_with_its_steps():
    settings = {"method": "magnitude", "within_block": "exact", "group_size": None, "code": ""}
    method, way = chosen(settings | {"update": "refit"})
    assert method.method is magnitude and method.refit is refit and method.swaps is None
    assert method.REWRITES and way.__name__.endswith("exact")
