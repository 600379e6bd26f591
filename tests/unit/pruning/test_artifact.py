import math
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors import safe_open

from heavytail.models.checkpoint import Checkpoint
from heavytail.models.loading import load_model
from heavytail.pruning import artifact
from heavytail.pruning.artifact import Artifact
from support import pruned_cells as cells
from support.tiny_model import save_model


@given(rows=st.integers(1, 9), columns=st.integers(1, 19), seed=st.integers(0, 999))
def test_masks_and_rewritten_values_round_trip(rows, columns, seed):
    generator = torch.Generator().manual_seed(seed)
    weight = torch.randn(rows, columns, generator=generator)
    removed = torch.rand(rows, columns, generator=generator) < 0.7
    stored = artifact.encode(removed, None)
    assert len(stored["kept"]) == -(-rows * columns // 8)
    assert torch.equal(artifact.decode(weight, stored), torch.where(removed, 0, weight))
    values = torch.randn(rows, columns, generator=generator).half()
    stored = artifact.encode(removed, values)
    assert len(stored["values"]) == (~removed).sum()
    assert torch.equal(artifact.decode(weight, stored), torch.where(removed, 0, values.float()))


def test_a_mask_of_another_matrix_is_refused():
    stored = artifact.encode(torch.zeros(3, 30, dtype=torch.bool), None)
    with pytest.raises(ValueError, match="does not fit"):
        artifact.decode(torch.zeros(4, 30), stored)


def test_a_damaged_byte_of_an_artifact_is_noticed(model_folder, tmp_path):
    found = cells.prune(model_folder, tmp_path, "sparsegpt")
    dense = torch.ones(32, 32)
    found.apply(0, "q_proj", dense)
    with safe_open(found.path, framework="pt") as stored:
        metadata = stored.metadata()
    assert metadata["method"] == "sparsegpt" and float(metadata["realised_sparsity"]) > 0.5
    content = bytearray(Path(found.path).read_bytes())
    content[-1] ^= 1
    Path(found.path).write_bytes(content)
    # The last tensor by the order of names.
    with pytest.raises(ValueError, match=r"2\.v_proj\.kept is damaged: its checksum differs"):
        Artifact(found.path).apply(2, "v_proj", torch.ones(16, 32))


def test_what_is_no_artifact_is_named(model_folder, tmp_path):
    weights = model_folder / "model.safetensors"
    with pytest.raises(ValueError, match="no artifact of a pruned cell"):
        Artifact(weights)
    (tmp_path / "cut.safetensors").write_bytes(weights.read_bytes()[:100])
    with pytest.raises(ValueError, match=r"cut\.safetensors: not a whole safetensors file"):
        Artifact(tmp_path / "cut.safetensors")
    with pytest.raises(KeyError, match=r"no 3\.q_proj"):
        cells.prune(model_folder, tmp_path).apply(3, "q_proj", torch.ones(32, 32))


@pytest.mark.parametrize(("method", "share"), [("wanda", 0.07), ("sparsegpt", 0.40)])
def test_a_cell_is_small(method, share, tmp_path):
    """Of the dense 16-bit size, at 70 %."""
    folder = save_model(tmp_path / "model", hidden_size=256, intermediate_size=512)
    load_model(folder, torch.device("cpu")).bfloat16().save_pretrained(folder)
    artifact = cells.prune(folder, tmp_path / "work", method, ratio=0.7)
    dense = 2 * sum(map(math.prod, Checkpoint(folder).matrices().values()))
    assert Path(artifact.path).stat().st_size < share * dense
