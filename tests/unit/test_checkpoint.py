import json

import pytest
import torch

from heavytail.checkpoint import INDEX, Checkpoint
from heavytail.families import matrices
from heavytail.groupings import PROJECTIONS
from heavytail.loading import load_model
from tiny import save_model


def test_quantised_weights_are_refused(model_folder, tmp_path):
    config = json.loads((model_folder / "config.json").read_text())
    config["quantization_config"] = {"quant_method": "gptq", "bits": 4}
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(ValueError, match=r"config\.json: quantization_config: .*dequantise"):
        Checkpoint(tmp_path)


def test_every_matrix_is_named_and_read_one_at_a_time(model_folder):
    checkpoint = Checkpoint(model_folder)
    model = load_model(model_folder, torch.device("cpu")).state_dict()
    found = list(matrices(checkpoint))
    assert [(b, p) for b, p, _ in found] == [(b, p) for b in range(3) for p in PROJECTIONS]
    for _block, _projection, name in found:
        assert torch.equal(checkpoint.tensor(name), model[name])
        assert checkpoint.shape(name) == tuple(model[name].shape)


def test_shards_are_found_through_the_index_and_a_missing_one_is_named(tmp_path):
    folder = save_model(tmp_path / "whole")
    load_model(folder, torch.device("cpu")).save_pretrained(tmp_path / "cut", max_shard_size="30KB")
    whole, cut = Checkpoint(folder), Checkpoint(tmp_path / "cut")
    for *_, name in matrices(whole):
        assert torch.equal(whole.tensor(name), cut.tensor(name))
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
