"""Experts are pruned for the tokens that reach them: next to float64, token by token."""

import json
import math

import pytest
import torch

from heavytail.models.checkpoint import Checkpoint
from heavytail.models.folder import check_folder
from heavytail.pruning.artifact import Artifact
from heavytail.pruning.export import module_ratios
from support.checkpoints import without
from support.experts import EXPERTS, NAMES, SHAPE, read_by, stored
from support.pruned_cells import prune, windows
from support.tiny_model import save_model

CPU = torch.device("cpu")
RATIO = 0.6


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A tiny random Mixtral."""
    return save_model(tmp_path_factory.mktemp("mixture") / "model", "mixtral", **SHAPE)


def smallest(scores: torch.Tensor, count: int) -> torch.Tensor:
    """The smallest of all scores."""
    gone = torch.zeros(scores.numel(), dtype=torch.bool)
    gone[scores.flatten().argsort()[:count]] = True
    return gone.reshape(scores.shape)


def wanda(weight: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
    """What Wanda removes, row by row."""
    scores = weight.abs() * rows.square().sum(0).sqrt()
    return torch.stack([smallest(row, int(RATIO * len(row))) for row in scores])


def sparsegpt(weight: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
    """What SparseGPT removes of a matrix with fewer than 128 columns, column by column."""
    hessian = 2 / len(rows) * rows.T @ rows
    hessian += 0.01 * hessian.diagonal().mean() * torch.eye(len(hessian))
    inverse = torch.linalg.cholesky(torch.linalg.inv(hessian), upper=True)
    left = weight.clone()
    scores = (left / inverse.diagonal()) ** 2
    return smallest(scores, math.floor(round(RATIO * weight.numel(), 6)))


def magnitude(weight: torch.Tensor, _rows: torch.Tensor) -> torch.Tensor:
    """What magnitude removes."""
    return smallest(weight.abs(), math.floor(round(RATIO * weight.numel(), 6)))


def removed(artifact: Artifact, block: int, name: str, shape: torch.Size) -> torch.Tensor:
    return artifact.apply(block, name, torch.ones(shape)) == 0


@pytest.mark.parametrize("seed", [11, 12])
@pytest.mark.parametrize("method", [wanda, sparsegpt])
def test_masks_of_experts_are_those_of_their_tokens(method, seed, folder, tmp_path):
    ids = windows(4, 30, seed=seed)
    artifact = prune(folder, tmp_path, method.__name__, ids=ids)
    for block in range(SHAPE["num_hidden_layers"]):
        inputs, reached = read_by(folder, artifact, block, ids), 0
        for (expert, name), weight in stored(folder, block).items():
            own = inputs[expert, name]
            rule = method if own else magnitude
            reached += bool(own)
            expected = rule(weight, torch.stack(own) if own else weight)
            found = removed(artifact, block, f"{name}.{expert}", weight.shape)
            # In float32, near-ties fall either way.
            assert (found == expected).double().mean() > 0.995, (block, expert, name)
        assert reached > len(NAMES), "some experts must have tokens"


@pytest.mark.parametrize("way", ["exact", "sequential"])
@pytest.mark.parametrize("method", ["wanda", "sparsegpt", "rose", "alps"])
def test_magnitude_decides_where_no_token_came_and_it_is_said(
    method, way, folder, tmp_path, caplog
):
    # Three tokens reach at most six of eight experts.
    ids = windows(1, 3, seed=5)
    artifact = prune(folder, tmp_path, method, way, ids=ids)
    record = json.loads((tmp_path / "cell.json").read_text())
    said = set(record["unrouted"])
    inputs = read_by(folder, artifact, 0, ids)
    weights = stored(folder, 0)
    if way == "exact":
        idle = {f"0.{name}.{expert}" for (expert, name), own in inputs.items() if not own}
        assert {key for key in said if key.startswith("0.")} == idle
    assert len(said) >= 2 * 2 * len(NAMES)
    for key in (key for key in said if key.startswith("0.")):
        _, name, expert = key.split(".")
        weight = weights[int(expert), name]
        assert torch.equal(
            removed(artifact, 0, f"{name}.{expert}", weight.shape), magnitude(weight, weight)
        )
        # What stays is what it was, also of a method that rewrites.
        kept = artifact.apply(0, f"{name}.{expert}", weight.float())
        assert torch.equal(kept[kept != 0], weight.float()[kept != 0])
        assert f"{name}.{expert}" in caplog.text and "magnitude decides" in caplog.text


def test_a_model_without_idle_experts_says_nothing(folder, tmp_path):
    prune(folder, tmp_path, "wanda", ids=windows(20, 60, seed=3))
    assert "unrouted" not in json.loads((tmp_path / "cell.json").read_text())


def test_the_two_ways_differ_in_what_down_projections_see(folder, tmp_path):
    ids = windows(4, 30, seed=4)
    exact, sequential = (
        prune(folder, tmp_path / way, "wanda", way, ids=ids) for way in ("exact", "sequential")
    )
    names = [name for _, name in Checkpoint(folder).matrices() if name.startswith("down_proj.")]
    shape = torch.Size((32, 48))
    assert any(
        not torch.equal(removed(exact, 0, name, shape), removed(sequential, 0, name, shape))
        for name in names
    )


def test_every_expert_has_matrices_of_its_own_and_the_router_none(folder):
    checkpoint = Checkpoint(folder)
    found = list(checkpoint.matrices())
    attention = [(0, name) for name in ("q_proj", "k_proj", "v_proj", "o_proj")]
    experts = [(0, f"{name}.{expert}") for expert in range(EXPERTS) for name in NAMES]
    assert found[: len(found) // 2] == attention + experts
    for (expert, name), weight in stored(folder, 1).items():
        matrix = checkpoint.matrix(1, f"{name}.{expert}")
        assert torch.equal(matrix.double(), weight)
        assert checkpoint.matrix_shape(1, f"{name}.{expert}") == tuple(weight.shape)


def test_a_recipe_names_experts_as_the_checkpoint_does(folder):
    checkpoint = Checkpoint(folder)
    ratios = {matrix: 0.5 for matrix in checkpoint.matrices()}
    ratios[1, "up_proj.7"] = 0.75
    assert module_ratios(checkpoint, ratios)[0.75] == [
        "model.layers.1.block_sparse_moe.experts.7.w3"
    ]


def test_a_folder_that_lacks_an_expert_is_refused(tmp_path):
    lacking = save_model(tmp_path / "model", "mixtral", **SHAPE)
    check_folder(lacking)
    without("model.layers.1.block_sparse_moe.experts.5.w2.weight")(lacking)
    with pytest.raises(ValueError, match=r"no tensor model\.layers\.1\.mlp\.experts\.down_proj"):
        check_folder(lacking)
