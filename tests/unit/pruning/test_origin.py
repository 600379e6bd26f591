"""The file of a cell, there or deleted."""

import errno
import fcntl

import pytest
import torch

import prune_cell
from heavytail.io.files import read_json, sha256, write_json
from heavytail.pruning.origin import artifact_file
from support.pruned_cells import prune


def cell(model_folder, work, **changes):
    """A pruned cell and what it was pruned from, by something else where there are changes."""
    artifact = prune(model_folder, work, "wanda")
    names = ("model", "ratios", "calibration")
    files = map(str, (model_folder / "provenance.json", work / "ratios.csv", work / "tokens"))
    inputs = dict(zip(names, files, strict=True))
    settings = {"method": "wanda", "within_block": "exact", "of": None, "code": ""}
    sums = {name: sha256(path) for name, path in inputs.items()}
    record = read_json(work / "cell.json")
    computed = {key: record[key] for key in ("device", "dtype", "threads", "versions")}
    origin = {"inputs": inputs, "sha256": sums, "settings": settings, "computed": computed}
    origin["computed"] |= changes
    write_json(work / "cell.origin.json", origin)
    return artifact.path, str(work / "cell.origin.json")


def test_a_deleted_artifact_is_pruned_again_with_the_same_bytes(model_folder, tmp_path):
    path, origin = cell(model_folder, tmp_path)
    record = (tmp_path / "cell.json").read_bytes()
    with open(path, "rb") as artifact:
        before = artifact.read()
    assert artifact_file(origin) == str(path)
    (tmp_path / "cell.safetensors").unlink()
    assert artifact_file(origin) == str(path)
    assert (tmp_path / "cell.safetensors").read_bytes() == before
    assert (tmp_path / "cell.json").read_bytes() == record, "of the first time"
    assert artifact_file(None) is None


def test_an_artifact_that_is_not_whole_is_told_and_deleted(model_folder, tmp_path):
    path, origin = cell(model_folder, tmp_path)
    (tmp_path / "cell.safetensors").write_bytes(b"cut short")
    with pytest.raises(ValueError, match="not a whole safetensors file"):
        artifact_file(origin)
    assert not (tmp_path / "cell.safetensors").exists() and path


def test_an_artifact_that_is_there_needs_no_lock(model_folder, tmp_path, monkeypatch):
    path, origin = cell(model_folder, tmp_path)

    def none(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", none)
    assert artifact_file(origin) == str(path)
    (tmp_path / "cell.safetensors").unlink()
    with pytest.raises(OSError, match="No locks available"):
        artifact_file(origin)


@pytest.mark.parametrize("name", ["ratios.csv", "tokens"])
def test_other_inputs_prune_nothing_again_and_are_named(name, model_folder, tmp_path):
    _, origin = cell(model_folder, tmp_path)
    (tmp_path / "cell.safetensors").unlink()
    with open(tmp_path / name, "ab") as changed:
        changed.write(b"\n")
    with pytest.raises(ValueError, match=rf"{name}: .* delete {origin} to have the cell pruned"):
        artifact_file(origin)
    assert not (tmp_path / "cell.safetensors").exists()


CHANGES = {"device": "cuda", "dtype": "torch.bfloat16", "versions": {"torch": "2.0.0"}}


@pytest.mark.parametrize("name", CHANGES)
def test_what_would_prune_otherwise_prunes_nothing_again(name, model_folder, tmp_path):
    _, origin = cell(model_folder, tmp_path, **{name: CHANGES[name]})
    (tmp_path / "cell.safetensors").unlink()
    with pytest.raises(ValueError, match=rf"^{name}: .* pruned with .* delete {origin}"):
        artifact_file(origin)
    assert not (tmp_path / "cell.safetensors").exists()


def test_pruning_again_takes_the_threads_of_the_first_time(model_folder, tmp_path, monkeypatch):
    before = torch.get_num_threads()
    _, origin = cell(model_folder, tmp_path, threads=before + 1)
    (tmp_path / "cell.safetensors").unlink()
    original, seen = prune_cell.prune_model, []

    def prune_model(*arguments):
        seen.append(torch.get_num_threads())
        original(*arguments)

    monkeypatch.setattr(prune_cell, "prune_model", prune_model)
    assert artifact_file(origin)
    assert (seen, torch.get_num_threads()) == ([before + 1], before)
