"""Tables of ratios, written from files to a file."""

import numpy as np
import pytest

from allocate_sparsity import allocate_sparsity, guides
from heavytail.projections import PROJECTIONS
from heavytail.ratio_table import read_ratios
from tiny import save_model


def uniform(folder, output, **settings) -> dict:
    settings = {"allocator": "uniform", "sparsity": 0.5, "of": None} | settings
    allocate_sparsity(str(folder / "provenance.json"), None, settings, str(output))
    return read_ratios(output)[0]


def test_uniform_patterns_are_the_same_everywhere(model_folder, tmp_path):
    found = uniform(model_folder, tmp_path / "table.csv", sparsity=0.625, of=8)
    assert set(found.values()) == {0.625} and len(found) == 21


def test_a_pattern_that_does_not_fit_is_told_before_anything_is_pruned(tmp_path):
    folder = save_model(tmp_path / "model", intermediate_size=44)
    with pytest.raises(ValueError, match=r"sparsity: found N:8, .* those of 0\.down_proj have 44"):
        uniform(folder, tmp_path / "table.csv", of=8)
    assert not (tmp_path / "table.csv").exists()


def test_of_all_seven_those_that_blocks_have_guide_and_of_a_choice_none_may_lack():
    owned = set(PROJECTIONS) - {"gate_proj"}
    assert guides(list(PROJECTIONS), owned) == tuple(p for p in PROJECTIONS if p in owned)
    assert guides(["q_proj", "o_proj"], owned) == ("q_proj", "o_proj")
    with pytest.raises(ValueError, match="grouping: found gate_proj, expected projections of"):
        guides(["q_proj", "gate_proj"], owned)


def test_families_without_a_gate_have_six_rows_a_block(tmp_path):
    folder = save_model(tmp_path / "model", "opt")
    found = uniform(folder, tmp_path / "table.csv")
    assert len(found) == 18 and np.allclose(list(found.values()), 0.5)
