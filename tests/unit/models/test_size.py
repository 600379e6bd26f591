"""What is read off headers, against torch's own parameters."""

import json
import math
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM

from heavytail.diagnostics import loss_hessian as hessian
from heavytail.evaluation import shared_contexts, zero_shot
from heavytail.models import size as model_size
from heavytail.models import streaming
from heavytail.models.checkpoint import Checkpoint
from heavytail.spectra import parallel
from support.model_types import plain, save
from support.tiny_model import save_model


@pytest.mark.parametrize("family", ["llama", "phi3", "gpt_neox", "opt"])
def test_sizes_are_those_of_the_loaded_model(family, tmp_path):
    folder = save_model(tmp_path / family, family)
    model = AutoModelForCausalLM.from_pretrained(folder)
    found = model_size.model_size(folder)
    layers = model.get_decoder().layers
    matrices = [p.shape for p in layers.parameters() if p.ndim == 2]
    assert found.parameters == sum(p.numel() for p in model.parameters())
    assert found.blocks == len(layers)
    assert found.block == sum(p.numel() for p in layers[0].parameters())
    assert math.prod(found.matrix) == max(map(math.prod, matrices))
    assert found.columns == max(columns for _, columns in matrices) == 48
    assert (found.vocabulary, found.width) == model.get_input_embeddings().weight.shape


@pytest.mark.parametrize("kind", ["mixtral", "gpt_oss", "qwen2_moe"])
def test_experts_are_matrices_and_what_they_read_is_kept(kind, tmp_path):
    save(kind, tmp_path)
    found, checkpoint = model_size.model_size(tmp_path), Checkpoint(tmp_path)
    shapes = checkpoint.matrices().values()
    assert found.experts and found.blocks == 3
    assert math.prod(found.matrix) >= max(map(math.prod, shapes))
    assert found.columns >= max(columns for _, columns in shapes)
    dense = replace(found, experts=False)
    kept = found.streamed(1000) - dense.streamed(1000)
    assert kept == 1000 * (4 * found.width + 8 * model_size.CHOSEN)


def test_the_blocks_of_an_encoder_are_counted_apart(tmp_path):
    save("llava", tmp_path)
    found, model = model_size.model_size(tmp_path), plain(tmp_path)
    decoder = model.get_decoder()
    assert found.blocks == len(decoder.layers) == 3 and not found.experts
    assert found.block == sum(p.numel() for p in decoder.layers[0].parameters())
    assert found.parameters == sum(p.numel() for p in model.parameters())


@pytest.mark.parametrize("family", ["llama", "gpt_neox", "opt", "gpt2", "qwen3"])
def test_what_is_kept_of_a_text_is_the_cache_of_the_loaded_model(family, tmp_path):
    folder = save_model(tmp_path / family, family)
    config = json.loads((folder / "config.json").read_text())
    if family in ("gpt_neox", "opt"):
        # Their own configurations do not have it.
        config.pop("num_key_value_heads", None)
        (folder / "config.json").write_text(json.dumps(config))
    model = AutoModelForCausalLM.from_pretrained(folder)
    found = model_size.model_size(folder)
    cache = model(torch.zeros(2, 5, dtype=torch.long), use_cache=True).past_key_values
    kept = sum(layer.keys.numel() + layer.values.numel() for layer in cache.layers)
    assert kept == 2 * 5 * found.blocks * found.kept
    longer = found.generating(11) - found.generating(10)
    activations = model_size.READ * found.columns
    assert longer == 32 * 4 * (found.blocks * found.kept + activations)
    assert zero_shot.BATCH == model_size.PROMPTS == 32


def test_the_shards_of_a_model_are_counted_together(tmp_path):
    whole = save_model(tmp_path / "whole")
    AutoModelForCausalLM.from_pretrained(whole).save_pretrained(
        tmp_path / "shards", max_shard_size="40KB"
    )
    assert len(list((tmp_path / "shards").glob("*.safetensors"))) > 1
    assert model_size.model_size(tmp_path / "shards") == model_size.model_size(whole)


@pytest.mark.parametrize("kept", [0, 4, 100])
def test_a_truncated_file_has_no_sizes(kept, tmp_path):
    weights = save_model(tmp_path / "model") / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:kept])
    with pytest.raises(ValueError):
        model_size.model_size(weights.parent)


def test_a_folder_without_weights_has_no_sizes(tmp_path):
    with pytest.raises(ValueError, match="no blocks"):
        model_size.model_size(tmp_path)


@pytest.mark.parametrize("family", ["llama", "gpt2"])
def test_heads_are_those_of_the_config(family, tmp_path):
    found = model_size.model_size(save_model(tmp_path, family, num_attention_heads=4))
    # GPT-2 calls them otherwise; then they are guessed by the width.
    assert found.heads == (4 if family == "llama" else -(-found.width // model_size.HEAD))


def test_what_jobs_hold_follows_the_modules_that_they_run():
    size = model_size.ModelSize(10**6, 10, 10**5, (300, 100), 300, 1000, 100)
    vectors = hessian.STEPS_PER_EIGENVALUE * 50 + hessian.WORKING_VECTORS
    assert size.loss_hessian(50, 0) > 4 * size.parameters * vectors
    assert size.loss_hessian(50, 100) - size.loss_hessian(50, 0) == size.graph(100)
    assert size.loss_hessian(2**40, 0) == size.whole(shared=False)
    assert size.loss_hessian(50, 0, 10**6) == size.whole(shared=False)
    assert model_size.PACKED_TOKENS == shared_contexts.BATCH_TOKENS
    assert model_size.READ_TOKENS == shared_contexts.READ_TOKENS
    # Logits of a part of a batch, in the dtype of the computation and twice in float32.
    more = replace(size, vocabulary=size.vocabulary + 1)
    assert more.whole(shared=True) - size.whole(shared=True) == 12 * shared_contexts.READ_TOKENS
    assert model_size.SIDE_BY_SIDE == parallel.BUDGET_BYTES
    assert model_size.BATCH_TOKENS == streaming.BATCH_TOKENS
    assert size.spectra(1) < size.spectra(8) <= 8 * size.spectra(1)
    assert size.streamed(2000) - size.streamed(1000) == 1000 * 100 * 4
    assert size.between_blocks(2000) - size.between_blocks(1000) == 14 * 1000 * 100 * 4
    assert size.scored(1000) > size.streamed(1000)
    assert size.in_one_pass(1000) > size.streamed(1000)
    # The text twice, what is scored once; the dense matrices of a block all the same.
    assert size.searched(2000, 500) - size.searched(1000, 500) == 2 * 1000 * 100 * 4
    assert size.searched(1000, 1500) - size.searched(1000, 500) == 1000 * 100 * 4
    assert size.searched(0, 0) > max(size.streamed(0), size.scored_text(0))


def test_what_is_scored_needs_hidden_states_in_the_dtype_of_the_computation():
    size = model_size.ModelSize(10**6, 10, 10**5, (300, 100), 300, 1000, 100)
    narrow = replace(size, computed=2)
    for sizes, width in ((size, 4), (narrow, 2)):
        assert sizes.scored_text(2000) - sizes.scored_text(1000) == 1000 * 100 * width
    logits = 4 * 1000 * streaming.BATCH_TOKENS
    assert narrow.scored_text(0) > logits
    assert model_size.VOCABULARY_ROWS == streaming.VOCABULARY_ROWS
    own = size.whole(shared=False) - narrow.whole(shared=False)
    assert own == 2 * size.parameters


@pytest.mark.parametrize("stored", ["float32", "bfloat16", "float16"])
@pytest.mark.parametrize("able", [False, True])
def test_a_machine_computes_in_bfloat16_what_is_stored_so_if_it_can(stored, able, tmp_path):
    folder = save_model(tmp_path / "model")
    weights = load_file(folder / "model.safetensors")
    narrow = {name: weight.to(getattr(torch, stored)) for name, weight in weights.items()}
    save_file(narrow, folder / "model.safetensors")
    found = model_size.model_size(folder, bfloat16=able)
    assert found.computed == (2 if able and stored == "bfloat16" else 4)
