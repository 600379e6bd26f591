"""Shapes that config.json alone gives are those of real weights."""

import json
from pathlib import Path

import pytest

from heavytail.config.model_folder import read_settings
from heavytail.models.architecture import matrices_of
from heavytail.models.checkpoint import Checkpoint
from support.tiny_model import LLAMA_3_8B, save_model

ROOT = Path(__file__).parents[3]


def shapes(folder: Path) -> dict:
    return matrices_of(folder, read_settings(folder / "config.json"))


@pytest.mark.parametrize("family", ["llama", "qwen3", "gemma", "phi3", "gpt_neox", "opt"])
def test_shapes_are_those_of_the_weights(family, tmp_path):
    folder = save_model(tmp_path / "model", family)
    expected = Checkpoint(folder).matrices()
    (folder / "model.safetensors").unlink()
    found = shapes(folder)
    assert found == expected and list(found) == list(expected)


def test_llama_7b_and_the_grouped_queries_of_llama_3(tmp_path):
    found = shapes(ROOT / "resources/alphas/llama-7b")
    assert len(found) == 224
    assert sum(rows * columns for rows, columns in found.values()) == 6_476_005_376
    (tmp_path / "config.json").write_text(json.dumps(LLAMA_3_8B))
    found = shapes(tmp_path)
    assert found[31, "q_proj"] == (4096, 4096) and found[31, "v_proj"] == (1024, 4096)
    assert found[31, "down_proj"] == (4096, 14336)
    assert sum(rows * columns for rows, columns in found.values()) == 6_979_321_856
