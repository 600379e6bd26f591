"""Pruning block by block against a plain whole-model loop that recomputes everything."""

import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from heavytail.config.families import FAMILIES
from heavytail.config.methods import METHODS
from heavytail.models.checkpoint import Checkpoint
from heavytail.models.layout import stages
from heavytail.models.loading import load_model
from heavytail.models.streaming import StreamedModel
from heavytail.pruning.artifact import Artifact
from heavytail.pruning.cell import prune_cell
from heavytail.pruning.loop import chosen
from support.garbage import waiting
from support.killed import ENVIRONMENT, kill_after
from support.pruned_cells import prune, windows, write_inputs
from support.tiny_model import save_model

CPU = torch.device("cpu")
CALIBRATED = [name for name, method in METHODS.items() if method.calibrated]


def bytes_of(path) -> bytes:
    return Path(path).read_bytes()


def naive_masks(folder, method_name: str, way: str, ratio: float) -> dict:
    """(block, projection) → what a loop over the whole model removes, one forward per statistic."""
    method = importlib.import_module(f"heavytail.pruning.methods.{method_name}")
    opened, model, ids = StreamedModel(folder, CPU), load_model(folder, CPU), windows(seed=1)
    found = {}

    def statistic_of(module):
        # Of GPT-2 the weights are the other way round.
        columns = getattr(module, "in_features", len(module.weight))
        statistic = method.Statistic(columns, CPU)
        hook = module.register_forward_pre_hook(lambda _m, inputs: statistic.add(inputs[0]))
        with torch.no_grad():
            model(input_ids=ids)
        hook.remove()
        return statistic

    for index in range(3):
        block = model.get_submodule(f"{opened.prefix}.{index}")
        slices = opened.slices[index]
        modules = {p: block.get_submodule(part.module) for p, part in slices.items()}
        statistics = {p: statistic_of(module) for p, module in modules.items()}
        for sharing in stages(slices):
            for projection in sharing:
                part, weight = slices[projection], modules[projection].weight.data
                statistic = statistics[projection]
                if way == "sequential":
                    statistic = statistics[sharing[0]] = statistic_of(modules[sharing[0]])
                matrix = part.read(weight).clone()
                (updated,), (gone,) = method.prune([matrix], statistic, [ratio])
                part.write(weight, updated.masked_fill(gone, 0))
                if hasattr(method, "bias"):
                    own = method.bias(matrix, part.read(weight), statistic)
                    modules[projection].bias = torch.nn.Parameter(own.to(weight.dtype))
                found[index, projection] = gone
    return found


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("way", ["exact", "sequential"])
def test_statistics_see_the_pruned_weights_before_them(family, way, tmp_path):
    folder = save_model(tmp_path / "model", family)
    artifact = prune(folder, tmp_path / "work", "wanda", way)
    for (index, projection), gone in naive_masks(folder, "wanda", way, 0.6).items():
        kept = artifact.apply(index, projection, torch.ones(gone.shape)) != 0
        assert torch.equal(kept, ~gone), (index, projection)


@pytest.mark.parametrize("way", ["exact", "sequential"])
@pytest.mark.parametrize("method", CALIBRATED)
def test_every_method_sees_them(method, way, model_folder, tmp_path):
    artifact = prune(model_folder, tmp_path, method, way)
    for (index, projection), gone in naive_masks(model_folder, method, way, 0.6).items():
        kept = artifact.apply(index, projection, torch.ones(gone.shape)) != 0
        # SparseGPT's near-ties fall either way where matrices are stacked.
        assert (kept == ~gone).double().mean() > 0.995, (index, projection)


def test_the_two_ways_through_a_block_differ_after_its_first_stage(model_folder, tmp_path):
    exact, sequential = (
        prune(model_folder, tmp_path / w, "wanda", w) for w in ("exact", "sequential")
    )
    ones = torch.ones(32, 32)
    assert torch.equal(exact.apply(0, "q_proj", ones), sequential.apply(0, "q_proj", ones))
    ones = torch.ones(32, 48)
    assert not torch.equal(
        exact.apply(0, "down_proj", ones), sequential.apply(0, "down_proj", ones)
    )


@pytest.mark.parametrize("method", ["magnitude", "wanda", "sparsegpt"])
def test_patterns_hold_in_every_row_of_every_matrix(method, model_folder, tmp_path):
    artifact = prune(model_folder, tmp_path, method, ratio=0.5, group_size=8)
    for projection, shape in (("k_proj", (16, 32)), ("down_proj", (32, 48))):
        kept = artifact.apply(1, projection, torch.ones(shape)) != 0
        assert (kept.reshape(-1, 8).sum(1) == 4).all()


@pytest.mark.parametrize("way", ["exact", "sequential"])
@pytest.mark.parametrize("method", ["magnitude", *CALIBRATED])
def test_pruning_again_gives_the_same_bytes(method, way, model_folder, tmp_path):
    first = prune(model_folder, tmp_path / "first", method, way)
    second = prune(model_folder, tmp_path / "second", method, way)
    assert bytes_of(first.path) == bytes_of(second.path)


@pytest.mark.parametrize("way", ["exact", "sequential"])
@pytest.mark.parametrize("method", ["magnitude", *CALIBRATED])
def test_no_batch_and_no_block_waits_for_the_search_for_garbage(method, way, tmp_path):
    left = []
    for blocks, count in ((2, 5), (4, 200)):
        folder = save_model(tmp_path / f"model-{blocks}", num_hidden_layers=blocks)
        work, ids = tmp_path / f"work-{blocks}", windows(count)
        left.append(waiting(prune, folder, work, method, way, ids=ids))
    assert left[0] == left[1]


@pytest.mark.parametrize("family", FAMILIES)
def test_magnitude_is_that_of_each_matrix_by_itself(family, tmp_path):
    folder = save_model(tmp_path / "model", family)
    artifact, checkpoint = prune(folder, tmp_path / "work", "magnitude"), Checkpoint(folder)
    for (index, projection), shape in checkpoint.matrices().items():
        weight = checkpoint.matrix(index, projection)
        count = int(0.6 * weight.numel())
        gone = weight.abs() <= weight.abs().flatten().kthvalue(count).values
        kept = artifact.apply(index, projection, torch.ones(shape)) != 0
        assert torch.equal(kept, ~gone), (index, projection)


def test_magnitude_needs_no_model_of_transformers(model_folder, tmp_path):
    inputs = write_inputs(model_folder, tmp_path, 0.6, windows())
    settings = {"method": "magnitude", "within_block": None, "group_size": None, "code": ""}
    outputs = str(tmp_path / "cell.safetensors"), str(tmp_path / "cell.json")
    program = "import json, sys; from heavytail.pruning.cell import prune_cell; "
    program += "prune_cell(*json.loads(sys.argv[1])); assert 'transformers' not in sys.modules"
    arguments = json.dumps([*inputs[:2], None, settings, 1e9, outputs])
    subprocess.run([sys.executable, "-c", program, arguments], env=ENVIRONMENT, check=True)
    assert bytes_of(outputs[0]) == bytes_of(
        prune(model_folder, tmp_path / "here", "magnitude").path
    )


@pytest.mark.parametrize("way", ["exact", "sequential"])
def test_a_failed_run_goes_on_with_the_block_it_was_at(way, model_folder, tmp_path, monkeypatch):
    whole = prune(model_folder, tmp_path / "whole", "sparsegpt", way)
    module = importlib.import_module("heavytail.pruning.methods.sparsegpt")
    calls, original = [], module.prune

    def failing(*arguments):
        calls.append(1)
        if len(calls) == 7:
            raise KeyboardInterrupt
        return original(*arguments)

    monkeypatch.setattr(module, "prune", failing)
    with pytest.raises(KeyboardInterrupt):
        prune(model_folder, tmp_path / "cut", "sparsegpt", way)
    again = prune(model_folder, tmp_path / "cut", "sparsegpt", way)
    # Three blocks of four stages each: one block was finished, and stage 7 had to be begun anew.
    assert len(calls) == 7 + 8
    assert bytes_of(again.path) == bytes_of(whole.path)
    assert {path.name for path in (tmp_path / "cut").iterdir()} == {
        *("cell.safetensors", "cell.json", "ratios.csv", "tokens")
    }


@pytest.mark.slow
@pytest.mark.parametrize("way", ["exact", "sequential"])
def test_a_run_that_is_killed_between_blocks_gives_the_same_bytes(way, model_folder, tmp_path):
    ids = windows(seed=2)
    whole = prune(model_folder, tmp_path / "whole", "sparsegpt", way, ids=ids)
    work = tmp_path / "cut"
    inputs = write_inputs(model_folder, work, 0.6, ids)
    settings = {"method": "sparsegpt", "within_block": way, "group_size": None, "code": ""}
    outputs = str(work / "cell.safetensors"), str(work / "cell.json")
    arguments = json.dumps([*inputs, settings, 1e9, outputs])
    program = "import json, sys, torch; from heavytail.pruning.cell import prune_cell; "
    program += f"torch.set_num_threads({torch.get_num_threads()}); "
    program += "prune_cell(*json.loads(sys.argv[1]))"
    for block in (0, 1):
        kill_after(block, Path(outputs[0]), program, arguments)
    subprocess.run([sys.executable, "-c", program, arguments], env=ENVIRONMENT, check=True)
    assert bytes_of(outputs[0]) == bytes_of(whole.path)
    assert json.loads(bytes_of(outputs[1]))["resumed"]
    assert not [path for path in work.iterdir() if path.name.startswith(".")]


CHANGES = {
    "ratio": {"ratio": 0.5},
    "calibration": {"ids": windows(seed=9)},
    "way": {"within_block": "sequential"},
    "pattern": {"group_size": 4, "ratio": 0.5},
    "code": {"code": "edited"},
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_other_inputs_or_code_do_not_go_on_with_old_blocks(
    change, model_folder, tmp_path, monkeypatch
):
    module = importlib.import_module("heavytail.pruning.methods.wanda")
    original, seen = module.prune, []

    def failing(weights, *arguments):
        seen.append(weights[0].shape)
        if seen.count((32, 48)) == 2:
            raise KeyboardInterrupt
        return original(weights, *arguments)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(module, "prune", failing)
        prune(model_folder, tmp_path / "work")
    assert (tmp_path / "work/.cell.safetensors.blocks/0.safetensors").exists()
    other = prune(model_folder, tmp_path / "work", **change)
    assert not json.loads(bytes_of(tmp_path / "work/cell.json"))["resumed"]
    fresh = prune(model_folder, tmp_path / "fresh", **change)
    assert bytes_of(other.path) == bytes_of(fresh.path)


def broken(folder, target, module: str, value: float):
    """A model one of whose weights in block 1 is no number."""
    model = load_model(folder, CPU)
    model.get_submodule(f"model.layers.1.{module}").weight.data.view(-1)[0] = value
    model.save_pretrained(target)
    return target


@pytest.mark.parametrize("way", ["exact", "sequential"])
def test_bad_weights_and_activations_stop_pruning_with_the_block_named(way, model_folder, tmp_path):
    folder = broken(model_folder, tmp_path / "weights", "mlp.up_proj", float("nan"))
    with pytest.raises(ValueError, match="block 1, up_proj: found NaN among the pruning scores"):
        prune(folder, tmp_path / "a", "wanda", way)
    folder = broken(model_folder, tmp_path / "norm", "input_layernorm", float("inf"))
    with pytest.raises(ValueError, match="block 1, q_proj: NaN or infinite activations"):
        prune(folder, tmp_path / "b", "wanda", way)


def test_rows_that_no_pattern_fits_are_named(tmp_path):
    folder = save_model(tmp_path / "model", intermediate_size=44)
    with pytest.raises(ValueError, match="block 0, down_proj: rows of 44 weights"):
        prune(folder, tmp_path / "work", "sparsegpt", ratio=0.5, group_size=8)


def test_a_table_of_another_model_is_named(model_folder, tmp_path):
    other = save_model(tmp_path / "other", num_hidden_layers=2)
    model, _, tokens = write_inputs(model_folder, tmp_path / "work", 0.6, windows())
    _, table, _ = write_inputs(other, tmp_path / "table", 0.6, windows())
    settings = {"method": "wanda", "within_block": "exact", "group_size": None, "code": ""}
    with pytest.raises(ValueError, match=r"ratios\.csv: expected a row for each matrix of"):
        prune_cell(model, table, tokens, settings, 1e9, (str(tmp_path / "a"), str(tmp_path / "b")))


def test_one_pass_does_not_pretend_to_keep_to_a_budget(model_folder, tmp_path):
    with pytest.raises(ValueError, match="activations_mb"):
        prune(model_folder, tmp_path, "wanda", "sequential", budget=0)


def test_realised_sparsity_is_what_the_artifact_removes(model_folder, tmp_path):
    artifact = prune(model_folder, tmp_path, "sparsegpt", ratio=0.7)
    record = json.loads((tmp_path / "cell.json").read_text())
    assert record["realised_sparsity"] == Artifact(artifact.path).realised_sparsity
    shapes = StreamedModel(model_folder, CPU).checkpoint.matrices()
    zeros = sum(
        int((artifact.apply(b, p, torch.ones(shape)) == 0).sum())
        for (b, p), shape in shapes.items()
    )
    total = sum(height * width for height, width in shapes.values())
    assert record["realised_sparsity"] == zeros / total == sum(record["removed"].values()) / total


@pytest.mark.parametrize(("method", "way"), [("magnitude", "exact"), ("wanda", None)])
def test_a_statistic_that_the_table_of_methods_does_not_know_of_is_named(method, way):
    with pytest.raises(ValueError, match=f"the method {method}: found Statistic = .*calibrated="):
        chosen({"method": method, "within_block": way})
