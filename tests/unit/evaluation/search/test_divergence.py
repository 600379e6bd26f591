"""The divergence of allocations against transformers' own model in float64."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

from heavytail.evaluation.search.divergence import Divergence
from heavytail.evaluation.search.evolution import space_of
from heavytail.evaluation.search.levels import Levels
from heavytail.io.parts import Parts
from heavytail.models.checkpoint import Checkpoint
from heavytail.models.loading import load_model
from heavytail.models.streaming import StreamedModel, batches_of
from heavytail.pruning import combined
from heavytail.pruning.after import refit, swaps
from heavytail.pruning.artifact import decode, matrices_in
from heavytail.pruning.loop import Procedure, chosen, prune_model
from heavytail.pruning.methods import alps, magnitude, rose, sparsegpt, wanda
from heavytail.pruning.within_block import exact
from support.experts import EXPERTS, SHAPE
from support.pruned_cells import windows
from support.tiny_model import save_model

CPU = torch.device("cpu")
TEXT = windows(6, 40, seed=2)
CALIBRATION = windows(5, 40, seed=1)


def opened(
    folder: Path,
    work: Path,
    method=magnitude,
    budget=float("inf"),
    room=10**9,
    calibration=CALIBRATION,
    way=exact,
):
    """The divergences of allocations around 60 %."""
    model = StreamedModel(folder, CPU)
    shapes = model.checkpoint.matrices()
    sizes = np.array([rows * columns for rows, columns in shapes.values()])
    space = space_of([*shapes], np.full(len(sizes), 0.6), sizes, 0.6, 8)
    levels = Levels(work / "levels", model, method, room)
    allocation = dict.fromkeys(model.checkpoint.matrices(), (0, 0.6))
    own = way if method.Statistic else None
    levels.gather("first", allocation, own, (calibration, budget))
    found = Divergence(model, levels, space, TEXT, (work, budget))
    found.read([(2, 40), (1, 12), (6, 40)])
    return found


def children(found: Divergence, count: int = 4) -> list[np.ndarray]:
    random, zero = np.random.default_rng(0), np.zeros(len(found.space.sizes), dtype=np.int64)
    some = [zero]
    while len(some) < count:
        some.append(found.space.child(some[-1], random))
    return some


def naive(folder: Path, pruned: dict[str, torch.Tensor], ids: torch.Tensor) -> float:
    """Mean Σ p (log p − log q) over all tokens, in float64."""
    logs = []
    for changed in ({}, pruned):
        model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float64)
        for name, weight in changed.items():
            model.get_parameter(name).data = weight.double()
        with torch.no_grad():
            logs.append(model(ids).logits.log_softmax(dim=-1))
    dense, other = logs
    return (dense.exp() * (dense - other)).sum(dim=-1).mean().item()


@pytest.mark.parametrize("method", [magnitude, wanda, sparsegpt])
def test_divergences_are_those_of_the_definition(model_folder, tmp_path, method):
    found = opened(model_folder, tmp_path, method)
    some, slices = children(found), found.model.slices
    checkpoint = Checkpoint(model_folder)
    for drawn, length in (([4, 1], 40), ([3], 12)):
        ours = found.of(some, drawn, length)
        for child, own in zip(some, ours, strict=True):
            pruned = {}
            for (block, name), place in found.matrices.items():
                moved, ratio = int(child[place]), float(found.space.ratios(child)[place])
                dense = checkpoint.matrix(block, name)
                weight, _ = found.levels.pruned((block, name), moved, ratio, dense)
                pruned[f"model.layers.{block}.{slices[block][name].module}.weight"] = weight
            assert own == pytest.approx(naive(model_folder, pruned, TEXT[drawn, :length]), rel=2e-4)
        assert len(set(ours)) == len(some)


@pytest.mark.parametrize("family", ["llama", "phi3", "gpt2"])
def test_together_or_alone_in_memory_or_on_disk_gives_the_same_bits(tmp_path, family):
    folder = save_model(tmp_path / "model", family)
    found = opened(folder, tmp_path / "memory")
    some = children(found, 5)
    some.append(some[1].copy())
    together = found.of(some, [0, 1, 2, 3, 4, 5], 40)
    alone = [found.of([child], [0, 1, 2, 3, 4, 5], 40)[0] for child in some]
    assert together == alone and together[5] == together[1]
    # Nothing stays in memory, and no pruned matrix has room.
    spilled = opened(folder, tmp_path / "disk", budget=0, room=0)
    assert spilled.of(some, [0, 1, 2, 3, 4, 5], 40) == together
    spilled.levels.trim({})
    assert not list((tmp_path / "disk/levels/matrices").iterdir())
    assert spilled.of(some, [0, 1, 2, 3, 4, 5], 40) == together
    assert not (tmp_path / "disk" / "children").exists()


@pytest.mark.parametrize("way", [None, "exact", "sequential"])
def test_all_matrices_are_pruned_as_in_the_cell_for_whose_inputs_they_are(
    model_folder, tmp_path, way
):
    """To the bit, in every block: the blocks before it are pruned."""
    for name in ("wanda", "stade", "sparsegpt") if way else ("magnitude",):
        settings = {"method": name, "within_block": way, "group_size": None, "code": ""}
        method, within = chosen(settings)
        found = opened(model_folder, tmp_path / name, method, way=within)
        ratios = dict.fromkeys(found.matrices, 0.6)
        parts = Parts(tmp_path / name / "cell", "")
        prune_model(
            (model_folder, CPU), Procedure(method, within, ratios), batches_of(CALIBRATION), parts
        )
        for block, projection in ratios:
            stored = matrices_in(load_file(parts.path(block)))[projection]
            dense = found.model.checkpoint.matrix(block, projection)
            ours, bias = found.levels.pruned((block, projection), 0, 0.6, dense)
            assert torch.equal(ours, decode(dense, stored))
            assert (bias is None) == ("bias" not in stored)
            assert bias is None or torch.equal(bias, stored["bias"])


def test_another_allocation_has_other_inputs_and_its_matrices_are_made_anew(model_folder, tmp_path):
    found = opened(model_folder, tmp_path, wanda)
    some, text = children(found), ([0, 1, 2, 3, 4, 5], 40)
    before = found.of(some, *text)

    def gathered(mark: str, ratio: float) -> list[float]:
        allocation = dict.fromkeys(found.matrices, (0, ratio))
        found.levels.gather(mark, allocation, exact, (CALIBRATION, float("inf")))
        return found.of(some, *text)

    assert gathered("first", 0.9) == before, "what has this mark is there"
    assert gathered("second", 0.9)[1:] != before[1:]
    assert gathered("third", 0.6) == before


def test_what_is_used_often_stays_and_the_parent_as_well(model_folder, tmp_path):
    found = opened(model_folder, tmp_path)
    levels, dense = found.levels, found.model.checkpoint.matrix(0, "q_proj")
    for moved in (0, 32, 64, 96):
        levels.pruned((0, "q_proj"), moved, 0.6 + moved / dense.numel(), dense)
    levels.pruned((0, "q_proj"), 32, 0.6 + 32 / dense.numel(), dense)
    size = (tmp_path / "levels/matrices/0.q_proj.0.safetensors").stat().st_size
    levels.room = size
    levels.trim({(0, "q_proj"): 0})
    left = {file.name for file in (tmp_path / "levels/matrices").iterdir()}
    assert left == {"0.q_proj.0.safetensors", "0.q_proj.32.safetensors"}


class Found:
    """The cell of one allocation, for a model that is loaded whole."""

    def __init__(self, found: Divergence, child: np.ndarray):
        self.found, self.child, self.ratios = found, child, found.space.ratios(child)

    def _pruned(self, block: int, name: str, weight: torch.Tensor):
        place = self.found.matrices[block, name]
        told = (block, name), int(self.child[place]), float(self.ratios[place])
        return self.found.levels.pruned(*told, weight)

    def apply(self, block: int, name: str, weight: torch.Tensor) -> torch.Tensor:
        return self._pruned(block, name, weight)[0]

    def bias(self, _block: int, _name: str) -> None:
        return None


@pytest.mark.parametrize(
    "method", [wanda, sparsegpt, rose, alps, combined.Combined(wanda, swaps, refit)]
)
def test_experts_are_levels_of_their_own_also_those_without_tokens(tmp_path, method):
    folder = save_model(tmp_path / "model", "mixtral", **SHAPE)
    found = opened(folder, tmp_path, method, calibration=CALIBRATION[:1, :3])
    statistics = {file.name for file in (tmp_path / "levels/statistics").glob("*.safetensors")}
    assert 2 * 2 < len(statistics) < 2 * (2 + 2 * EXPERTS), "some experts have none"
    some = children(found)
    ours = found.of(some, [4, 1], 40)
    with torch.no_grad():
        dense = load_model(folder, CPU)(TEXT[[4, 1]]).logits.double().log_softmax(-1)
        for child, own in zip(some, ours, strict=True):
            logs = load_model(folder, CPU, Found(found, child))(TEXT[[4, 1]]).logits
            apart = dense - logs.double().log_softmax(-1)
            assert own == pytest.approx((dense.exp() * apart).sum(-1).mean().item(), rel=1e-3)
    assert len(set(ours)) > 1
