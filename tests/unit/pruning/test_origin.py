"""The artifact of a cell, there or deleted."""

import errno
import fcntl
from pathlib import Path

import pytest
import torch

from heavytail.io.files import read_json, write_json
from heavytail.pruning import cell as module
from heavytail.pruning.origin import opened, write_origin
from support.pruned_cells import prune

SETTINGS = {"method": "wanda", "within_block": "exact", "group_size": None, "code": ""}


def cell(model_folder, work, **changes):
    """A pruned cell and what it was pruned from, by something else where there are changes."""
    artifact = prune(model_folder, work, "wanda")
    names = ("model", "ratios", "calibration")
    files = map(str, (model_folder / "provenance.json", work / "ratios.csv", work / "tokens"))
    origin, record = str(work / "cell.origin.json"), work / "cell.json"
    write_json(record, read_json(record) | changes)
    write_origin(origin, dict(zip(names, files, strict=True)), SETTINGS, str(record))
    return artifact.path, origin


def path_of(origin, *arguments):
    """Where the artifact lies, closed again."""
    with opened(origin, *arguments) as artifact:
        return artifact and str(artifact.path)


def test_a_deleted_artifact_is_pruned_again_with_the_same_bytes(model_folder, tmp_path):
    path, origin = cell(model_folder, tmp_path)
    record = (tmp_path / "cell.json").read_bytes()
    with open(path, "rb") as artifact:
        before = artifact.read()
    assert path_of(origin) == str(path)
    (tmp_path / "cell.safetensors").unlink()
    assert path_of(origin) == str(path)
    assert (tmp_path / "cell.safetensors").read_bytes() == before
    assert (tmp_path / "cell.json").read_bytes() == record, "of the first time"
    assert path_of(None) is None


def test_one_that_is_pruned_aside_goes_when_the_job_is_through_with_it(model_folder, tmp_path):
    path, origin = cell(model_folder, tmp_path)
    before, aside = Path(path).read_bytes(), str(tmp_path / "spectra.safetensors")
    assert path_of(origin, aside) == str(path), "there is one"
    Path(path).unlink()
    listed = sorted(tmp_path.iterdir())
    with opened(origin, aside) as artifact:
        assert Path(artifact.path).read_bytes() == before
        assert not Path(path).exists()
    assert sorted(tmp_path.iterdir()) == listed


def test_the_key_knows_contents_and_no_names(model_folder, tmp_path):
    _, first = cell(model_folder, tmp_path / "a")
    _, second = cell(model_folder, tmp_path / "b")
    _, other = cell(model_folder, tmp_path / "c", threads=99)
    keys = [read_json(path)["key"] for path in (first, second, other)]
    assert keys[0] == keys[1] != keys[2]


def test_an_artifact_that_is_not_whole_is_told_and_deleted(model_folder, tmp_path):
    path, origin = cell(model_folder, tmp_path)
    (tmp_path / "cell.safetensors").write_bytes(b"cut short")
    with pytest.raises(ValueError, match="not a whole safetensors file"):
        path_of(origin)
    assert not (tmp_path / "cell.safetensors").exists() and path


def test_an_artifact_that_is_there_needs_no_lock(model_folder, tmp_path, monkeypatch):
    path, origin = cell(model_folder, tmp_path)

    def none(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", none)
    assert path_of(origin) == str(path)
    (tmp_path / "cell.safetensors").unlink()
    with pytest.raises(OSError, match="No locks available"):
        path_of(origin)


@pytest.mark.parametrize("name", ["ratios.csv", "tokens"])
def test_other_inputs_prune_nothing_again_and_are_named(name, model_folder, tmp_path):
    _, origin = cell(model_folder, tmp_path)
    (tmp_path / "cell.safetensors").unlink()
    with open(tmp_path / name, "ab") as changed:
        changed.write(b"\n")
    with pytest.raises(ValueError, match=rf"{name}: .* delete {origin} to have the cell pruned"):
        path_of(origin)
    assert not (tmp_path / "cell.safetensors").exists()


CHANGES = {"device": "cuda", "dtype": "torch.bfloat16", "versions": {"torch": "2.0.0"}}


@pytest.mark.parametrize("name", CHANGES)
def test_what_would_prune_otherwise_prunes_nothing_again(name, model_folder, tmp_path):
    _, origin = cell(model_folder, tmp_path, **{name: CHANGES[name]})
    (tmp_path / "cell.safetensors").unlink()
    with pytest.raises(ValueError, match=rf"^{name}: .* pruned with .* delete {origin}"):
        path_of(origin)
    assert not (tmp_path / "cell.safetensors").exists()


def test_pruning_again_takes_the_threads_of_the_first_time(model_folder, tmp_path, monkeypatch):
    before = torch.get_num_threads()
    _, origin = cell(model_folder, tmp_path, threads=before + 1)
    (tmp_path / "cell.safetensors").unlink()
    original, seen = module.prune_model, []

    def prune_model(*arguments):
        seen.append(torch.get_num_threads())
        original(*arguments)

    monkeypatch.setattr(module, "prune_model", prune_model)
    assert path_of(origin)
    assert (seen, torch.get_num_threads()) == ([before + 1], before)
