"""Similarity, gradients and Wanda scores of streamed models against the whole model."""

import csv
import json

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM

from heavytail.allocation.guides.gradients import measure_gradients
from heavytail.allocation.guides.similarity import measure_similarity
from heavytail.allocation.guides.wanda_scores import measure_wanda_scores
from heavytail.io.files import read_json
from support.pruned_cells import windows
from support.tiny_model import save_model

FAMILIES = ["llama", "gpt_neox", "opt"]


@pytest.fixture(scope="module", params=FAMILIES)
def folder(request, tmp_path_factory):
    return save_model(tmp_path_factory.mktemp("dense") / request.param, request.param)


@pytest.fixture
def files(folder, tmp_path) -> tuple[str, str]:
    """provenance.json and frozen tokens."""
    model, tokens = folder / "provenance.json", tmp_path / "tokens.safetensors"
    model.write_text(json.dumps({"source": "tiny", "revision": None}))
    save_file({"input_ids": windows(7, 40)}, tokens)
    return str(model), str(tokens)


def outputs_of_blocks(model: torch.nn.Module, ids: torch.Tensor) -> list[torch.Tensor]:
    found = []
    hooks = [
        block.register_forward_hook(lambda _m, _i, output: found.append(output))
        for block in model.get_decoder().layers
    ]
    with torch.no_grad():
        model(input_ids=ids)
    for hook in hooks:
        hook.remove()
    return found


@pytest.mark.parametrize("budget", [float("inf"), 3000])
def test_similarity_is_linear_cka_of_the_blocks_outputs(folder, files, tmp_path, budget):
    measure_similarity(*files, 5, budget, str(tmp_path / "cka.csv"))
    found = np.loadtxt(tmp_path / "cka.csv", delimiter=",")
    whole = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float64)
    outputs = outputs_of_blocks(whole, windows(7, 40)[:5])
    x = [output.flatten(0, 1).numpy() for output in outputs]
    x = [one - one.mean(axis=0) for one in x]

    def hsic(a, b):
        return np.linalg.norm(a.T @ b) ** 2

    expected = [[hsic(a, b) / np.sqrt(hsic(a, a) * hsic(b, b)) for b in x] for a in x]
    # The streamed model computes in float32.
    assert np.allclose(found, expected, atol=1e-4)
    assert (found == found.T).all() and (np.diag(found) == 1).all()
    assert not list(tmp_path.glob(".cka*"))


@pytest.mark.parametrize("budget", [float("inf"), 3000])
def test_gradients_are_those_of_the_whole_model(folder, files, tmp_path, budget):
    measure_gradients(*files, 6, budget, str(tmp_path / "norms.json"))
    record = read_json(tmp_path / "norms.json")
    assert record["tokens"]["windows"] == [6, 40]
    whole = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float64)
    ids = windows(7, 40)[:6]
    logits = whole(input_ids=ids).logits[:, :-1]
    torch.nn.functional.cross_entropy(logits.mT, ids[:, 1:]).backward()
    expected = [
        sum(p.grad.square().sum().item() for p in block.parameters()) ** 0.5
        for block in whole.get_decoder().layers
    ]
    # float32 sums over 240 tokens against float64.
    assert np.allclose(record["norms"], expected, rtol=1e-3)


def test_wanda_scores_of_the_dense_model(tmp_path, files, folder):
    measure_wanda_scores(*files, float("inf"), str(tmp_path / "scores.csv"))
    with open(tmp_path / "scores.csv", newline="") as handle:
        rows = list(csv.DictReader(handle))
    whole = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float64)
    blocks = whole.get_decoder().layers
    for row, block in zip(rows, blocks, strict=True):
        scores = []

        def see(module, inputs, _output, scores=scores):
            norm = inputs[0].flatten(0, -2).square().mean(dim=0).sqrt()
            scores.append((module.weight.abs() * norm).flatten())

        linear = [m for m in block.modules() if isinstance(m, torch.nn.Linear)]
        hooks = [module.register_forward_hook(see) for module in linear]
        with torch.no_grad():
            whole(input_ids=windows(7, 40))
        for hook in hooks:
            hook.remove()
        values = torch.cat(scores)
        for times in (1, 2, 5, 20):
            outliers = (values > times * values.mean()).double().mean().item()
            # A score on the edge may fall to the other side in float32.
            assert float(row[f"above_{times}"]) == pytest.approx(outliers, abs=2 / len(values))
        assert float(row["mean"]) == pytest.approx(values.mean().item(), rel=1e-4)
        assert float(row["median"]) == pytest.approx(values.median().item(), rel=1e-4)
    assert len(rows) == 3
