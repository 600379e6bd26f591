"""Methods and steps on experts: each matrix as if it were alone with the tokens routed to it."""

import pytest
import torch

from heavytail.pruning.loop import chosen
from support.experts import SHAPE, read_by, stored
from support.pruned_cells import prune, windows
from support.tiny_model import save_model

CPU = torch.device("cpu")
RATIO = 0.6
CELLS = {
    "rose": {"method": "rose"},
    "alps": {"method": "alps"},
    "stade": {"method": "stade"},
    "swaps": {"method": "wanda", "refine": "swaps"},
    "refit": {"method": "magnitude", "update": "refit"},
    "swaps and refit": {"method": "sparsegpt", "refine": "swaps", "update": "refit"},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A tiny random Mixtral."""
    return save_model(tmp_path_factory.mktemp("mixture") / "model", "mixtral", **SHAPE)


@pytest.mark.parametrize("cell", CELLS)
def test_an_expert_s_matrix_is_what_its_own_tokens_make_of_it(cell, folder, tmp_path):
    ids = windows(4, 30, seed=11)
    artifact = prune(folder, tmp_path, ids=ids, ratio=RATIO, **CELLS[cell])
    method, _ = chosen({"within_block": "exact", "group_size": None, "code": "", **CELLS[cell]})
    inputs, compared = read_by(folder, artifact, 0, ids), 0
    for (expert, name), weight in stored(folder, 0).items():
        if not inputs[expert, name]:
            continue
        compared += 1
        rows, statistic = torch.stack(inputs[expert, name]), method.Statistic(weight.shape[1], CPU)
        statistic.add(rows.float())
        (kept,), (removed,) = method.prune([weight.float()], statistic, [RATIO])
        found = artifact.apply(0, f"{name}.{expert}", weight.float())
        # In float32, near-ties fall either way; ALPS amplifies them, step by step.
        assert ((found == 0) == removed).double().mean() > 0.95, (expert, name)
        lost, expected = (
            (rows @ (weight - left.double()).T).square().sum().item()
            for left in (found, kept.masked_fill(removed, 0.0))
        )
        assert lost == pytest.approx(expected, rel=0.05), (expert, name)
    assert compared > 9


@pytest.mark.parametrize("cell", ["stade", "swaps", "refit", "swaps and refit"])
def test_an_expert_without_tokens_loses_its_smallest_weights(cell, folder, tmp_path):
    ids = windows(1, 3, seed=5)
    artifact, idle = prune(folder, tmp_path, ids=ids, ratio=RATIO, **CELLS[cell]), 0
    inputs = read_by(folder, artifact, 0, ids)
    for (expert, name), weight in stored(folder, 0).items():
        if not inputs[expert, name]:
            idle += 1
            least = weight.abs().flatten().argsort()[: int(RATIO * weight.numel())]
            expected = weight.float().flatten().index_fill(0, least, 0.0).reshape(weight.shape)
            assert torch.equal(artifact.apply(0, f"{name}.{expert}", weight.float()), expected)
    assert idle >= 6
