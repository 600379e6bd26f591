"""Cells with biases: the same model by every way, and what cannot have a bias."""

import json
import math

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import nn
from transformers import AutoModelForCausalLM

from heavytail.evaluation.perplexity import negative_log_likelihoods
from heavytail.evaluation.search.divergence import Divergence
from heavytail.evaluation.search.evolution import space_of
from heavytail.evaluation.search.levels import Levels
from heavytail.evaluation.trial import validation_loss
from heavytail.models.biases import Biases
from heavytail.models.checkpoint import Checkpoint
from heavytail.models.loading import load_model
from heavytail.models.streaming import StreamedModel
from heavytail.pruning import loop
from heavytail.pruning.artifact import Artifact
from heavytail.pruning.export import export
from heavytail.pruning.loop import Procedure
from heavytail.pruning.methods import stade
from heavytail.pruning.within_block import exact
from support.checkpoints import sharded
from support.pruned_cells import prune, windows
from support.tiny_model import save_model

CPU = torch.device("cpu")
# With a bias everywhere, with some (fused ones too), and with none.
FAMILIES = ["opt", "gpt2", "gpt_neox", "bloom", "falcon", "qwen2", "phi3", "mistral", "mpt"]


@torch.no_grad()
def losses(model) -> torch.Tensor:
    logs = model(input_ids=windows()).logits.double().log_softmax(-1)
    return -logs[:, :-1].gather(-1, windows()[:, 1:, None]).squeeze(-1).mean(1)


def streamed(folder, artifact=None) -> torch.Tensor:
    return negative_log_likelihoods(StreamedModel(folder, CPU, artifact), windows())


class WithoutBiases:
    """An artifact's masks alone."""

    def __init__(self, artifact: Artifact):
        self.apply = artifact.apply

    def bias(self, _block: int, _name: str) -> None:
        return None


@pytest.mark.parametrize("family", FAMILIES)
def test_streamed_and_loaded_models_have_the_biases(family, tmp_path):
    folder = save_model(tmp_path / "model", family)
    artifact = prune(folder, tmp_path / "work", "stade")
    loaded = load_model(folder, CPU, artifact)
    assert torch.allclose(losses(loaded), streamed(folder, artifact), rtol=1e-6)
    bare = losses(load_model(folder, CPU, WithoutBiases(artifact)))
    assert not torch.allclose(losses(loaded), bare, rtol=1e-3)
    dense = Checkpoint(folder)
    for block, name in dense.matrices():
        part = dense.slices[block][name]
        module = loaded.get_submodule(f"{dense.family.blocks}.{block}.{part.module}")
        found = artifact.bias(block, name)
        assert torch.equal(part.outputs(module.bias).flatten(), found)
        assert (found != dense.bias(block, name)).any()


def test_a_bias_keeps_the_mean_of_what_a_matrix_gives(tmp_path):
    folder = save_model(tmp_path / "model", "opt")
    artifact = prune(folder, tmp_path / "work", "stade", ids=windows())
    before, after = load_model(folder, CPU), load_model(folder, CPU, artifact)
    means = []
    for model in (before, after):
        outputs: list[torch.Tensor] = []
        module = model.model.decoder.layers[0].self_attn.v_proj
        module.register_forward_hook(lambda _m, _i, out, into=outputs: into.append(out))
        losses(model)
        means.append(outputs[0].flatten(0, 1).double().mean(dim=0))
    assert torch.allclose(*means, atol=1e-5)


def test_a_killed_cell_goes_on_with_its_biases(tmp_path, monkeypatch):
    folder = save_model(tmp_path / "model")
    whole = prune(folder, tmp_path / "whole", "stade")
    real, calls = loop.prune_stage, []

    def dying(model, procedure, index, *arguments):
        calls.append(index)
        if index == 2:
            raise KeyboardInterrupt
        real(model, procedure, index, *arguments)

    monkeypatch.setattr(loop, "prune_stage", dying)
    with pytest.raises(KeyboardInterrupt):
        prune(folder, tmp_path / "killed", "stade")
    monkeypatch.setattr(loop, "prune_stage", real)
    killed = prune(folder, tmp_path / "killed", "stade")
    assert json.loads((tmp_path / "killed/cell.json").read_text())["resumed"]
    first, second = load_file(whole.path), load_file(killed.path)
    assert first.keys() == second.keys()
    assert all(torch.equal(second[name], tensor) for name, tensor in first.items())


def test_a_trial_has_the_biases(tmp_path):
    folder = save_model(tmp_path / "model")
    ids = windows(seed=1)
    artifact = prune(folder, tmp_path / "work", "stade", ids=ids)
    ratios = dict.fromkeys(Checkpoint(folder).matrices(), 0.6)
    (tmp_path / "trial").mkdir()
    scratch = tmp_path / "trial", float("inf")
    procedure = Procedure(stade, exact, ratios)
    found = validation_loss((folder, CPU), procedure, ids, windows(), *scratch)
    assert found == pytest.approx(streamed(folder, artifact).mean().item(), rel=1e-6)


def test_a_search_compares_cells_with_their_biases(tmp_path):
    folder = save_model(tmp_path / "model")
    streamed_model, ids = StreamedModel(folder, CPU), windows(4, 20)
    levels = Levels(tmp_path / "levels", streamed_model, stade, 10**9)
    matrices = Checkpoint(folder).matrices()
    allocation = dict.fromkeys(matrices, (0, 0.6))
    levels.gather("first", allocation, exact, (windows(seed=1), float("inf")))
    sizes = np.array([math.prod(shape) for shape in matrices.values()])
    space = space_of([*matrices], np.full(len(sizes), 0.6), sizes, 0.6, 4)
    divergence = Divergence(streamed_model, levels, space, ids, (tmp_path / "texts", 1e9))
    divergence.read([(4, 20)])
    moved = np.zeros_like(sizes)
    other = space.child(moved, np.random.default_rng(0))
    # Between them the biases of a block change there and back.
    first, _, again = divergence.of([moved, other, moved], [*range(4)], 20)
    dense = dense_logs(folder, ids)
    model = load_model(folder, CPU)
    biases = Biases()
    for (block, name), _shape in matrices.items():
        part = streamed_model.slices[block][name]
        module = model.get_submodule(f"model.layers.{block}.{part.module}")
        weight, bias = levels.pruned((block, name), 0, 0.6, module.weight.data.clone())
        assert (bias != 0).any()
        part.write(module.weight.data, weight)
        biases.put(module, part, bias)
    with torch.no_grad():
        logs = model(input_ids=ids).logits.double().log_softmax(-1)
    expected = (dense.exp() * (dense - logs)).sum(-1).mean().item()
    assert first == again == pytest.approx(expected, rel=1e-4)
    biases.restore()
    assert all(module.bias is None for module in model.modules() if isinstance(module, nn.Linear))


@torch.no_grad()
def dense_logs(folder, ids) -> torch.Tensor:
    """The log-probabilities of the dense model."""
    return load_model(folder, CPU)(input_ids=ids).logits.double().log_softmax(-1)


def test_a_damaged_bias_is_noticed(model_folder, tmp_path):
    artifact = prune(model_folder, tmp_path, "stade")
    artifact._digests["1.q_proj.bias"] = ""
    with pytest.raises(ValueError, match=r"1\.q_proj\.bias is damaged"):
        artifact.bias(1, "q_proj")


@pytest.mark.parametrize("family", ["mistral", "qwen2", "phi3"])
def test_a_type_that_has_no_such_biases_is_not_exported(family, tmp_path):
    folder = save_model(tmp_path / "model", family)
    artifact = prune(folder, tmp_path / "work", "stade")
    with pytest.raises(ValueError, match=f"transformers' {family} has no such bias: this cell"):
        export(folder, artifact, tmp_path / "exported")
    assert not (tmp_path / "exported").exists()


@pytest.mark.parametrize("change", [lambda folder: None, sharded])
def test_an_exported_folder_has_no_tensor_that_its_model_lacks(change, tmp_path):
    folder = save_model(tmp_path / "model")
    change(folder)
    artifact = prune(folder, tmp_path / "work", "stade")
    export(folder, artifact, tmp_path / "exported")
    model, report = AutoModelForCausalLM.from_pretrained(
        tmp_path / "exported", output_loading_info=True
    )
    assert not any(report[f"{kind}_keys"] for kind in ("missing", "unexpected", "mismatched"))
    assert torch.allclose(losses(model), streamed(folder, artifact), rtol=1e-6)
    assert torch.allclose(streamed(tmp_path / "exported"), losses(model), rtol=1e-6)


def test_experts_lose_weights_and_get_no_bias(tmp_path):
    shape = {"num_local_experts": 4, "num_experts_per_tok": 2, "num_hidden_layers": 2}
    folder = save_model(tmp_path / "model", "mixtral", **shape)
    artifact = prune(folder, tmp_path / "work", "stade")
    assert artifact.bias(0, "q_proj") is not None and artifact.bias(0, "up_proj.1") is None
    assert (artifact.apply(0, "up_proj.1", torch.ones(48, 32)) == 0).any()
    loaded = load_model(folder, CPU, artifact)
    assert torch.allclose(losses(loaded), streamed(folder, artifact), rtol=1e-6)
