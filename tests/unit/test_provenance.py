import os
from functools import partial

import pytest
import torch
from huggingface_hub import HfApi

from heavytail import provenance
from heavytail.checkpoint import Checkpoint
from heavytail.files import sha256
from heavytail.loading import load_model
from hub import REVISION, serving
from tiny import save_model


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
    with pytest.raises(ValueError, match=r"model\.layers\.3\.self_attn\.q_proj"):
        provenance.record(folder, "short", None)
    folder = save_model(tmp_path / "gpt2", "gpt2", n_embd=32, n_head=4, n_layer=1)
    with pytest.raises(ValueError, match="'gpt2' is not one of gemma, llama"):
        provenance.record(folder, "gpt2", None)


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """A hub with a model, a pickle and code in it, in place of the real one."""
    source = save_model(tmp_path / "hub")
    (source / "modeling_evil.py").write_text("raise SystemExit\n")
    (source / "pytorch_model.bin").write_bytes(b"pickle")
    with serving(source) as hub:
        monkeypatch.setattr(provenance, "HfApi", partial(HfApi, endpoint=hub.endpoint))
        yield hub


def test_a_pinned_revision_comes_without_pickles_or_code(hub, tmp_path):
    provenance.download("a/b", REVISION, tmp_path / "target")
    record = provenance.record(tmp_path / "target", "a/b", REVISION)
    assert record["revision"] == REVISION
    assert record["files"]["model.safetensors"] == sha256(hub.folder / "model.safetensors")
    assert not any(path.endswith((".bin", ".py")) for path in hub.requests)
    assert not list((tmp_path / "target").glob("*.py"))


def test_another_revision_starts_from_an_empty_folder(hub, tmp_path):
    stale = tmp_path / "target" / "model.safetensors.index.json"
    stale.parent.mkdir()
    stale.write_text("{}")
    provenance.download("a/b", REVISION, tmp_path / "target")
    assert not stale.exists()
    hub.requests.clear()
    provenance.download("a/b", REVISION, tmp_path / "target")
    assert not any("resolve" in path and "model.safetensors" in path for path in hub.requests)


@pytest.mark.parametrize(
    ("status", "code", "cure"),
    [
        (403, "GatedRepo", "accept its licence on the hub and set HF_TOKEN"),
        (401, "RepoNotFound", "private and HF_TOKEN is not set"),
        (404, "RevisionNotFound", "404 Client Error"),
    ],
)
def test_a_refusal_of_the_hub_is_one_line_with_the_cure(hub, tmp_path, status, code, cure):
    hub.refusal = (status, code)
    with pytest.raises(provenance.FetchError) as caught:
        provenance.download("a/b", REVISION, tmp_path / "target")
    assert cure.lower() in str(caught.value).lower() and "\n" not in str(caught.value)


def test_a_hub_that_cannot_be_reached_is_one_line(hub, tmp_path, monkeypatch):
    closed = partial(HfApi, endpoint="http://127.0.0.1:9")
    monkeypatch.setattr(provenance, "HfApi", closed)
    with pytest.raises(provenance.FetchError, match=f"a/b at {REVISION}: the hub did not deliver"):
        provenance.download("a/b", REVISION, tmp_path / "target")
