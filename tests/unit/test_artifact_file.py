"""The file of a cell, there or deleted."""

import pytest

from cells import prune
from heavytail.artifact_file import artifact_file
from heavytail.files import write_json


def cell(model_folder, work):
    """A pruned cell and what it was pruned from."""
    artifact = prune(model_folder, work, "wanda")
    names = ("model", "ratios", "calibration")
    files = (model_folder / "provenance.json", work / "ratios.csv", work / "tokens")
    settings = {"method": "wanda", "within_block": "exact", "of": None, "code": ""}
    origin = {"inputs": dict(zip(names, map(str, files), strict=True)), "settings": settings}
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
