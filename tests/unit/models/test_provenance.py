import os

import pytest
import torch

from heavytail.io.files import sha256
from heavytail.models import provenance
from heavytail.models.checkpoint import Checkpoint
from heavytail.models.loading import load_model
from support.tiny_model import save_model


def test_a_local_folder_is_linked_without_pickles_or_code(tmp_path):
    source = save_model(tmp_path / "source")
    (source / "modeling_evil.py").write_text("raise SystemExit\n")
    (source / "pytorch_model.bin").write_bytes(b"pickle")
    provenance.link_folder(source, tmp_path / "target")
    names = {path.name for path in (tmp_path / "target").iterdir()}
    assert {"config.json", "model.safetensors", "tokenizer.json"} <= names
    assert not names & {"modeling_evil.py", "pytorch_model.bin"}
    record = provenance.record(tmp_path / "target", "source", None)
    assert record["files"]["model.safetensors"] == sha256(source / "model.safetensors")


def test_linking_again_takes_the_new_files_and_leaves_the_old_source_alone(tmp_path):
    first, second = save_model(tmp_path / "first"), save_model(tmp_path / "second", seed=1)
    before = sha256(first / "model.safetensors")
    provenance.link_folder(first, tmp_path / "target")
    provenance.link_folder(second, tmp_path / "target")
    after = provenance.record(tmp_path / "target", "second", None)
    assert after["files"]["model.safetensors"] == sha256(second / "model.safetensors") != before
    assert sha256(first / "model.safetensors") == before


def test_shards_of_an_earlier_source_do_not_survive(tmp_path):
    """An index that stayed behind would make the old shards the model."""
    sharded, whole = tmp_path / "sharded", save_model(tmp_path / "whole", seed=1)
    old = load_model(save_model(tmp_path / "old"), torch.device("cpu"))
    old.save_pretrained(sharded, max_shard_size="30KB")
    provenance.link_folder(sharded, tmp_path / "target")
    provenance.link_folder(whole, tmp_path / "target")
    name = "model.layers.0.self_attn.q_proj.weight"
    found = Checkpoint(tmp_path / "target").tensor(name)
    assert torch.equal(found, Checkpoint(whole).tensor(name))


def test_another_file_system_gets_copies(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError("cross-device link")

    monkeypatch.setattr(os, "link", refuse)
    source = save_model(tmp_path / "source")
    provenance.link_folder(source, tmp_path / "target")
    found, made = (sha256(tmp_path / f / "model.safetensors") for f in ("source", "target"))
    assert found == made


def test_a_model_that_lacks_a_matrix_or_is_of_another_family_is_refused(tmp_path):
    folder = save_model(tmp_path / "short")
    text = (folder / "config.json").read_text()
    (folder / "config.json").write_text(
        text.replace('"num_hidden_layers": 3', '"num_hidden_layers": 4')
    )
    with pytest.raises(ValueError, match=r"no tensor model\.layers\.3\.self_attn\.q_proj"):
        provenance.record(folder, "short", None)
    folder = save_model(tmp_path / "codegen", "codegen", num_hidden_layers=1)
    with pytest.raises(ValueError, match=r"'codegen': attn\.qkv_proj .* has no clear role"):
        provenance.record(folder, "codegen", None)
