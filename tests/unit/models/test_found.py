"""A layout that was found once is kept, and read as long as it would be found again."""

import json

import pytest

from heavytail.models import discovery, found, provenance
from heavytail.models.checkpoint import Checkpoint
from support.model_types import save
from support.tiny_model import save_model


@pytest.fixture(params=["starcoder2", "deepseek_v3", "llava"])
def folder(request, tmp_path):
    save(request.param, tmp_path)
    return tmp_path


def refuse(_config):
    raise AssertionError("found again")


def test_jobs_do_not_find_it_again(folder, monkeypatch):
    before = Checkpoint(folder)
    provenance.record(folder, "source", None)
    monkeypatch.setattr(discovery, "family", refuse)
    after = Checkpoint(folder)
    assert after.slices == before.slices and after.matrices() == before.matrices()
    names = ("blocks", "depth", "heads", "tuples", "by_block")
    for name in names:
        assert getattr(after.family, name) == getattr(before.family, name)
    assert after.settings[after.family.heads] == before.settings[before.family.heads]


def test_other_settings_code_and_libraries_have_no_layout_yet(folder, monkeypatch):
    provenance.record(folder, "source", None)
    config = json.loads((folder / "config.json").read_text())
    assert found.kept(folder, config)
    assert found.kept(folder, config | {"initializer_range": 0.5}) is None
    with monkeypatch.context() as patch:
        patch.setattr(found, "LIBRARIES", ("torch",))
        assert found.kept(folder, config) is None
    with monkeypatch.context() as patch:
        patch.setattr(found, "CODE", found.CODE[1:])
        assert found.kept(folder, config) is None


def test_every_module_that_finds_a_layout_counts():
    assert all((found.PACKAGE / name).exists() for name in found.CODE)


def test_a_layout_that_a_module_says_is_not_kept(tmp_path):
    save_model(tmp_path)
    provenance.record(tmp_path, "source", None)
    assert not (tmp_path / found.NAME).exists()
