"""The block-by-block loop against the whole model at once."""

import pytest
import torch

from heavytail import perplexity, pruning
from heavytail.artifact import Artifact
from heavytail.families import FAMILIES
from heavytail.loading import load_model
from heavytail.methods import magnitude, sparsegpt, wanda
from heavytail.streaming import StreamedModel, batches_of
from tiny import save_model

CPU = torch.device("cpu")


def windows(count: int = 5, length: int = 40, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (count, length), generator=generator)


def ratios(model: StreamedModel, value: float = 0.6) -> dict:
    return {(b, p): value for b in range(3) for p in model.modules}


def prune(folder, method, value=0.6, ids=None):
    model = StreamedModel(folder, CPU)
    ids = windows(seed=1) if ids is None else ids
    return pruning.prune_model(model, method, ratios(model, value), batches_of(ids))


def whole_model_losses(model, ids: torch.Tensor) -> torch.Tensor:
    with torch.no_grad():
        logs = model.double()(input_ids=ids).logits.log_softmax(-1)
    return -logs[:, :-1].gather(-1, ids[:, 1:, None]).squeeze(-1).mean(1)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("tied", [True, False])
def test_streamed_losses_equal_those_of_the_whole_model(family, tied, tmp_path):
    folder = save_model(tmp_path, family, tie_word_embeddings=tied)
    ids = windows()
    found = perplexity.negative_log_likelihoods(StreamedModel(folder, CPU), ids)
    expected = whole_model_losses(load_model(folder, CPU), ids)
    # float32 blocks against a float64 model.
    assert torch.allclose(found, expected, rtol=1e-5)


def test_the_batch_size_does_not_matter(model_folder, monkeypatch):
    ids = windows(7)
    found = perplexity.negative_log_likelihoods(StreamedModel(model_folder, CPU), ids)
    monkeypatch.setattr("heavytail.streaming.BATCH_TOKENS", 80)
    again = perplexity.negative_log_likelihoods(StreamedModel(model_folder, CPU), ids)
    assert torch.allclose(found, again, rtol=1e-6)


@pytest.mark.parametrize("method", [magnitude, wanda, sparsegpt])
def test_a_cell_is_the_base_model_plus_its_artifact(method, model_folder):
    tensors, removed = prune(model_folder, method)
    streamed = StreamedModel(model_folder, CPU, Artifact(tensors))
    found = perplexity.negative_log_likelihoods(streamed, windows())
    loaded = load_model(model_folder, CPU, Artifact(tensors))
    assert torch.allclose(found, whole_model_losses(loaded, windows()), rtol=1e-5)
    for (block, projection), count in removed.items():
        path = f"model.layers.{block}.{streamed.modules[projection]}"
        assert (loaded.get_submodule(path).weight == 0).sum() == count


@pytest.mark.parametrize("method", [magnitude, wanda, sparsegpt])
def test_pruning_again_gives_the_same_bytes(method, model_folder):
    first, _ = prune(model_folder, method)
    second, _ = prune(model_folder, method)
    assert first.keys() == second.keys()
    assert all(torch.equal(first[key], second[key]) for key in first)


@pytest.mark.parametrize("method", [wanda, sparsegpt])
def test_statistics_see_the_pruned_blocks_before_them(method, model_folder):
    """Prune with a plain whole-model loop that recomputes everything, and compare the masks."""
    tensors, _ = prune(model_folder, method)
    model, ids = load_model(model_folder, CPU), windows(seed=1)
    modules = StreamedModel(model_folder, CPU).modules
    for block in range(3):
        inputs = {}
        hooks = [
            model.get_submodule(f"model.layers.{block}.{path}").register_forward_pre_hook(
                lambda _m, args, seen=inputs, p=projection: seen.update({p: args[0]})
            )
            for projection, path in modules.items()
        ]
        with torch.no_grad():
            model(input_ids=ids)
        for hook in hooks:
            hook.remove()
        for projection, path in modules.items():
            module = model.get_submodule(f"model.layers.{block}.{path}")
            statistic = method.Statistic(module.in_features, CPU)
            statistic.add(inputs[projection])
            pruned, gone = method.prune(module.weight.data, statistic, 0.6)
            module.weight.data = pruned
            kept = Artifact(tensors).apply(block, projection, torch.ones_like(pruned)) != 0
            assert (kept == ~gone).double().mean() > 0.995, (block, projection)


def test_half_precision_is_stored_as_it_was(tmp_path, model_folder):
    load_model(model_folder, CPU).half().save_pretrained(tmp_path)
    model = StreamedModel(tmp_path, CPU)
    assert model.dtype == torch.float32
    tensors, _ = prune(tmp_path, sparsegpt)
    assert tensors["0.q_proj.values"].dtype == torch.float16


def test_nan_weights_stop_pruning_with_the_matrix_named(tmp_path):
    folder = save_model(tmp_path)
    model = load_model(folder, CPU)
    model.model.layers[1].mlp.up_proj.weight.data[0, 0] = float("nan")
    model.save_pretrained(folder)
    with pytest.raises(ValueError, match="block 1, up_proj"):
        prune(folder, wanda)


def test_mixed_attention_types_and_unknown_families_are_refused(tmp_path):
    folder = save_model(tmp_path / "mixed", "qwen2", layer_types=["full_attention"] * 3)
    text = (folder / "config.json").read_text()
    (folder / "config.json").write_text(text.replace('"full_attention"', '"sliding_attention"', 1))
    with pytest.raises(ValueError, match="attention types"):
        StreamedModel(folder, CPU)
    folder = save_model(tmp_path / "opt", "gpt2", n_embd=32, n_head=4, n_layer=1)
    with pytest.raises(ValueError, match="gpt2"):
        StreamedModel(folder, CPU)


def test_perplexity_of_nan_and_of_overflow_is_none_with_a_reason():
    value, reason = perplexity.perplexity(torch.tensor([1.0, float("nan")]))
    assert value is None and "1 of 2 windows" in reason
    value, reason = perplexity.perplexity(torch.tensor([800.0, 900.0]))
    assert value is None and "850" in reason
    assert perplexity.perplexity(torch.zeros(2)) == (1.0, None)
