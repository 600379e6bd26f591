"""Ratios of a file, in every format, and what is wrong with one."""

import numpy as np
import pytest

from heavytail.allocation.allocators import given
from heavytail.config.given import read_given

SIZES = {(b, p): n for b in range(2) for p, n in (("q_proj", 10), ("up_proj", 30))}
BY_BLOCK = [0.6, 0.6, 0.8, 0.8]
BY_MATRIX = [0.4, 0.8, 0.7, 0.7]


def ratios(path, text: str | np.ndarray, **settings) -> np.ndarray:
    if isinstance(text, str):
        path.write_text(text)
    else:
        np.save(path, text)
    return given.ratios(SIZES, {"sparsity": 0.7} | settings, str(path))


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("a.csv", "block,sparsity\n0,0.6\n1,0.8\n", BY_BLOCK),
        (
            "a.csv",
            "block,projection,sparsity\n0,q_proj,0.4\n0,up_proj,0.8\n1,q_proj,.7\n1,up_proj,.7\n",
            BY_MATRIX,
        ),
        ("a.json", "[0.6, 0.8]", BY_BLOCK),
        ("a.json", '{"0": 0.6, "1": 0.8}', BY_BLOCK),
        ("a.json", '{"0.q_proj": 0.4, "0.up_proj": 0.8, "1": 0.7}', BY_MATRIX),
        ("a.npy", np.array([0.6, 0.8]), BY_BLOCK),
        ("a.npy", np.array(BY_MATRIX), BY_MATRIX),
        ("a.npy", np.array([[0.4, 0.8], [0.7, 0.7]], dtype=np.float32), BY_MATRIX),
        ("a.npy", np.array([[0.4, 0.8], [0.7, 0.7]], dtype=">f8", order="F"), BY_MATRIX),
        (
            "a.txt",
            "model.layers.0.self_attn.q_proj: 0.4\nmodel.layers.0.mlp.up_proj: 0.8\n"
            "model.layers.1.self_attn.q_proj: 0.7\nmodel.layers.1.mlp.up_proj: 0.7\n",
            BY_MATRIX,
        ),
    ],
)
def test_every_format_gives_its_ratios(tmp_path, name, text, expected):
    assert ratios(tmp_path / name, text) == pytest.approx(expected, abs=1e-6)


def test_levels_are_numbers_of_weights_beside_the_target(tmp_path):
    text = "x.0.q_proj: -3\nx.0.up_proj: 3\nx.1.q_proj: 1\nx.1.up_proj: -1\n"
    found = ratios(tmp_path / "a.txt", text, step=1)
    assert found == pytest.approx([0.7 - 0.3, 0.7 + 0.1, 0.7 + 0.1, 0.7 - 1 / 30])
    with pytest.raises(ValueError, match=r"a.txt: found levels, expected allocations.NAME.step"):
        ratios(tmp_path / "a.txt", text)
    with pytest.raises(ValueError, match=r"0.q_proj: found -0.8\d*, expected a ratio from 0 to 1"):
        ratios(tmp_path / "a.txt", text, step=5)


def test_a_rounded_list_is_shifted_to_the_target(tmp_path):
    found = ratios(tmp_path / "a.json", "[0.6004, 0.8004]")
    assert found == pytest.approx(BY_BLOCK, abs=1e-9)


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("a.json", "[0.6, 0.9]", "a.json: found ratios whose mean is 0.7500, expected the target"),
        ("a.json", "[0.7]", "a.json: found ratios of blocks 0 to 0, expected 0 to 1"),
        ("a.json", "[0.7, 0.7, 0.7]", "a.json: found ratios of blocks 0 to 2, expected 0 to 1"),
        ("a.json", '{"0": 0.7, "2": 0.7}', "a.json: found no block 1"),
        ("a.json", '{"1.q": 0.7}', "a.json: not a table of ratios .found '1.q', expected a block"),
        ("a.json", "0.7", "a.json: not a table of ratios"),
        ("a.json", "[null]", "a.json: not a table of ratios"),
        ("a.json", "[0.7", "a.json: not a table of ratios"),
        ("a.json", "[0.4, 1.1]", "a.json: block 1: found 1.1, expected a ratio from 0 to 1"),
        ("a.csv", "block,ratio\n0,0.7\n", "a.csv: not a table of ratios .no column sparsity"),
        ("a.npy", np.array([2.1, 3.2]), "a.npy: found 2.1, expected ratios from 0 to 1"),
        (
            "a.json",
            '{"0": 0.7, "1.q_proj": 0.7}',
            "a.json: found no ratio of 1.up_proj",
        ),
        (
            "a.json",
            '{"0": 0.7, "1": 0.7, "1.k_proj": 0.7}',
            "a.json: found a ratio of 1.k_proj",
        ),
        ("a.npy", np.ones(3), r"a.npy: found an array of shape \(3,\), expected 2 blocks or 4 mat"),
    ],
)
def test_what_is_wrong_with_a_file_is_one_line(tmp_path, name, text, line):
    with pytest.raises(ValueError, match=line) as raised:
        ratios(tmp_path / name, text)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("name", "line"),
    [("a.txt", "a.txt: found no block 0"), ("a", "a: expected a .csv, .json, .npy or .txt file")],
)
def test_what_a_file_lacks_is_told_before_any_job(tmp_path, name, line):
    (tmp_path / name).touch()
    with pytest.raises(ValueError, match=line):
        read_given(tmp_path / name)
