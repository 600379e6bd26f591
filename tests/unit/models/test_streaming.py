"""The block-by-block loop against the whole model at once."""

import json

import pytest
import torch

from heavytail.config.families import FAMILIES
from heavytail.evaluation import perplexity
from heavytail.models.loading import load_model
from heavytail.models.streaming import StreamedModel
from support.garbage import waiting
from support.pruned_cells import prune, windows
from support.tiny_model import save_model

CPU = torch.device("cpu")
CHECKPOINTS = [(family, tied) for family in FAMILIES for tied in (True, False)]


def whole_model_losses(model, ids: torch.Tensor) -> torch.Tensor:
    with torch.no_grad():
        logs = model.double()(input_ids=ids).logits.log_softmax(-1)
    return -logs[:, :-1].gather(-1, ids[:, 1:, None]).squeeze(-1).mean(1)


def streamed_losses(model_folder, artifact=None, ids=None, **options) -> torch.Tensor:
    model = StreamedModel(model_folder, CPU, artifact)
    return perplexity.negative_log_likelihoods(model, windows() if ids is None else ids, **options)


@pytest.mark.parametrize(("family", "tied"), CHECKPOINTS)
def test_streamed_perplexity_is_that_of_the_whole_model(family, tied, tmp_path):
    folder = save_model(tmp_path, family, tie_word_embeddings=tied)
    found = streamed_losses(folder)
    expected = whole_model_losses(load_model(folder, CPU), windows())
    # float32 blocks against a float64 model.
    assert torch.allclose(found, expected, rtol=1e-6)
    ours, reason = perplexity.perplexity(found)
    assert reason is None and ours == pytest.approx(expected.mean().exp().item(), rel=1e-6)


def test_no_batch_and_no_block_waits_for_the_search_for_garbage(tmp_path):
    left = []
    for blocks, count in ((2, 5), (4, 200)):
        folder = save_model(tmp_path / f"model-{blocks}", num_hidden_layers=blocks)
        left.append(waiting(streamed_losses, folder, ids=windows(count)))
    assert left[0] == left[1]


def test_the_batch_size_does_not_matter(model_folder, monkeypatch):
    found = streamed_losses(model_folder, ids=windows(7))
    monkeypatch.setattr("heavytail.models.streaming.BATCH_TOKENS", 80)
    assert torch.allclose(found, streamed_losses(model_folder, ids=windows(7)), rtol=1e-6)


@pytest.mark.parametrize("rows", [1, 7, 100, 259, 260, 1000])
def test_the_parts_of_the_vocabulary_do_not_matter(rows, model_folder, monkeypatch):
    expected = streamed_losses(model_folder)
    monkeypatch.setattr("heavytail.models.streaming.VOCABULARY_ROWS", rows)
    assert torch.allclose(streamed_losses(model_folder), expected, rtol=1e-6)


def test_blocks_of_several_attention_types_get_what_each_wants(tmp_path):
    kinds = ["full_attention", "sliding_attention", "full_attention"]
    folder = save_model(
        tmp_path, "qwen2", layer_types=kinds, use_sliding_window=True, sliding_window=8
    )
    expected = whole_model_losses(load_model(folder, CPU), windows())
    assert torch.allclose(streamed_losses(folder), expected, rtol=1e-6)
    folder = save_model(tmp_path / "full", "qwen2")
    assert not torch.allclose(streamed_losses(folder), expected, rtol=1e-3)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("method", ["magnitude", "sparsegpt"])
def test_a_cell_is_the_base_model_plus_its_artifact(method, family, tmp_path):
    folder = save_model(tmp_path / "model", family)
    artifact = prune(folder, tmp_path / "work", method)
    loaded = load_model(folder, CPU, artifact)
    expected = whole_model_losses(loaded, windows())
    assert torch.allclose(streamed_losses(folder, artifact), expected, rtol=1e-6)
    record = json.loads((tmp_path / "work/cell.json").read_text())
    model = StreamedModel(folder, CPU)
    for key, count in record["removed"].items():
        index, projection = key.split(".")
        part = model.slices[int(index)][projection]
        weight = part.read(loaded.get_parameter(f"{model.prefix}.{index}.{part.tensor}"))
        assert (weight == 0).sum() == count, key


@pytest.mark.parametrize(("budget", "on_disk"), [(0, 2), (300_000, 1)])
def test_hidden_states_on_disk_change_nothing(budget, on_disk, model_folder, tmp_path):
    """Of two batches of 51 and 19 windows, 40 · 32 values of float32 each: 261 kB and 97 kB."""
    ids = windows(70, 40, seed=4)
    kept, spilled = (
        prune(model_folder, tmp_path / name, ids=ids, budget=limit)
        for name, limit in (("kept", float("inf")), ("spilled", budget))
    )
    assert kept.path != spilled.path
    assert (tmp_path / "kept/cell.safetensors").read_bytes() == (
        tmp_path / "spilled/cell.safetensors"
    ).read_bytes()
    folder = tmp_path / "states"
    found = streamed_losses(model_folder, ids=ids, folder=folder, budget=budget)
    assert len(list(folder.iterdir())) == on_disk
    assert torch.equal(found, streamed_losses(model_folder, ids=ids))


@pytest.mark.parametrize("family", ["llama", "phi3", "gpt_neox"])
@pytest.mark.parametrize(("method", "way"), [("sparsegpt", "exact"), ("wanda", "sequential")])
def test_bfloat16_cells_are_those_that_the_whole_model_computes(
    family, method, way, tmp_path, monkeypatch
):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": True})
    folder = save_model(tmp_path / "model", family)
    load_model(folder, CPU).bfloat16().save_pretrained(folder)
    config = (folder / "config.json").read_text()
    (folder / "config.json").write_text(config.replace('"dtype": "bfloat16"', '"dtype": null'))
    artifact = prune(folder, tmp_path / "work", method, way)
    model = load_model(folder, CPU, artifact)
    assert model.dtype == StreamedModel(folder, CPU).dtype == torch.bfloat16
    logs = model(input_ids=windows()).logits[:, :-1].float().log_softmax(-1)
    expected = -logs.gather(-1, windows()[:, 1:, None]).double().mean((1, 2))
    # The same products in the same precision; only log Σ exp is summed by parts.
    assert torch.allclose(streamed_losses(folder, artifact), expected, rtol=1e-5)


def test_half_precision_is_stored_as_it_was(tmp_path, model_folder):
    folder = tmp_path / "half"
    load_model(model_folder, CPU).half().save_pretrained(folder)
    assert StreamedModel(folder, CPU).dtype == torch.float32
    artifact = prune(folder, tmp_path / "work", "sparsegpt")
    weight = torch.zeros(32, 32, dtype=torch.float16)
    assert artifact.apply(0, "q_proj", weight).dtype == torch.float16


def test_unknown_families_and_mixtures_of_experts_are_refused_by_name(tmp_path):
    folder = save_model(tmp_path / "codegen", "codegen", num_hidden_layers=1)
    with pytest.raises(ValueError, match=r"'codegen': attn\.qkv_proj .* has no clear role"):
        StreamedModel(folder, CPU)
    folder = save_model(tmp_path / "mamba", "mamba")
    with pytest.raises(
        ValueError, match=r"'mamba': mixer \(MambaMixer\) has no clear role: not supported"
    ):
        StreamedModel(folder, CPU)


def test_perplexity_of_nan_and_of_overflow_is_none_with_a_reason():
    value, reason = perplexity.perplexity(torch.tensor([1.0, float("nan")]))
    assert value is None and "1 of 2 windows" in reason
    value, reason = perplexity.perplexity(torch.tensor([800.0, 900.0]))
    assert value is None and "850" in reason
    assert perplexity.perplexity(torch.zeros(2)) == (1.0, None)


def test_nan_activations_of_a_dense_model_are_a_result(tmp_path):
    folder = save_model(tmp_path)
    model = load_model(folder, CPU)
    model.model.layers[1].mlp.up_proj.weight.data[0, 0] = float("nan")
    model.save_pretrained(folder)
    assert streamed_losses(folder).isnan().all()
