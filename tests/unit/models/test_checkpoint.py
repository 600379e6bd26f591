import json

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers.pytorch_utils import Conv1D

from heavytail.config.families import FAMILIES
from heavytail.config.groupings import PROJECTIONS
from heavytail.models.checkpoint import INDEX, Checkpoint
from heavytail.models.loading import load_model
from support.tiny_model import save_model

FUSED = {
    "phi3": "model.layers.0.self_attn.qkv_proj",
    "gpt_neox": "gpt_neox.layers.0.attention.query_key_value",
}


def test_quantised_weights_are_refused(model_folder, tmp_path):
    config = json.loads((model_folder / "config.json").read_text())
    config["quantization_config"] = {"quant_method": "gptq", "bits": 4}
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(ValueError, match=r"config\.json: quantization_config: .*dequantise"):
        Checkpoint(tmp_path)


@pytest.mark.parametrize("family", FAMILIES)
def test_every_matrix_of_every_family_has_its_shape_and_its_rows(family, tmp_path):
    folder = save_model(tmp_path, family)
    checkpoint = Checkpoint(folder)
    shapes = checkpoint.matrices()
    # The MLP may have no gate.
    owned = [name for name in PROJECTIONS if name in checkpoint.slices[0] or name != "gate_proj"]
    assert list(shapes) == [(b, p) for b in range(3) for p in owned]
    for (block, projection), shape in shapes.items():
        assert tuple(checkpoint.matrix(block, projection).shape) == shape
    # All rows of all linear modules of the blocks, and no row twice.
    blocks = load_model(folder, torch.device("cpu")).get_submodule(checkpoint.family.blocks)
    linear = [m for m in blocks.modules() if isinstance(m, torch.nn.Linear | Conv1D)]
    weights = sum(module.weight.numel() for module in linear)
    assert sum(rows * columns for rows, columns in shapes.values()) == weights


@pytest.mark.parametrize(("family", "fused"), FUSED.items())
def test_fused_projections_are_those_that_the_model_computes(family, fused, tmp_path, monkeypatch):
    """Of the first token, whose queries and keys no rotation changes."""
    folder = save_model(tmp_path, family, num_key_value_heads=4, num_hidden_layers=1)
    model = load_model(folder, torch.device("cpu"))
    for name, parameter in model.named_parameters():
        parameter.data *= not name.endswith("bias")
    read, given = {}, {}
    attend = torch.nn.functional.scaled_dot_product_attention

    def spy(query, key, value, **keywords):
        given.update(q_proj=query, k_proj=key, v_proj=value)
        return attend(query, key, value, **keywords)

    monkeypatch.setattr(torch.nn.functional, "scaled_dot_product_attention", spy)
    module = model.get_submodule(fused)
    module.register_forward_pre_hook(lambda _module, inputs: read.update(x=inputs[0]))
    with torch.no_grad():
        model(input_ids=torch.arange(7)[None])
    for projection, heads in given.items():
        expected = Checkpoint(folder).matrix(0, projection) @ read["x"][0, 0]
        assert torch.allclose(heads[0, :, 0].flatten(), expected, atol=1e-6), projection


def test_shards_are_found_through_the_index_and_a_missing_one_is_named(tmp_path):
    folder = save_model(tmp_path / "whole")
    load_model(folder, torch.device("cpu")).save_pretrained(tmp_path / "cut", max_shard_size="30KB")
    whole, cut = Checkpoint(folder), Checkpoint(tmp_path / "cut")
    for block, projection in whole.matrices():
        assert torch.equal(whole.matrix(block, projection), cut.matrix(block, projection))
    index = json.loads((tmp_path / "cut" / INDEX).read_text())
    lost = sorted(set(index["weight_map"].values()))[1]
    for ask in (cut.tensor, cut.shape):
        with pytest.raises(ValueError, match=r"no tensor model\.lost: a shard is missing"):
            ask("model.lost")
    (tmp_path / "cut" / lost).unlink()
    with pytest.raises(FileNotFoundError, match=lost):
        Checkpoint(tmp_path / "cut")


def test_a_truncated_file_and_an_empty_folder_say_so(tmp_path):
    folder = save_model(tmp_path)
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(ValueError, match="not a whole safetensors file"):
        Checkpoint(folder)
    weights.unlink()
    with pytest.raises(FileNotFoundError, match="safetensors"):
        Checkpoint(folder)


def test_names_of_published_checkpoints_are_found(tmp_path):
    """OPT's files begin with decoder., GPT-NeoX's output embedding is embed_out."""
    folder = save_model(tmp_path, "opt")
    weights = load_file(folder / "model.safetensors")
    old = {name.removeprefix("model."): tensor for name, tensor in weights.items()}
    before = Checkpoint(folder).matrix(1, "up_proj").clone()
    save_file(old, folder / "model.safetensors")
    assert torch.equal(Checkpoint(folder).matrix(1, "up_proj"), before)
    neox = Checkpoint(save_model(tmp_path / "neox", "gpt_neox"))
    assert neox.stored_name("lm_head.weight") == "embed_out.weight"
