"""Tables of ratios, written from files to a file."""

import numpy as np
import pytest

from allocate_sparsity import allocate_sparsity
from heavytail.allocation.blend import gradient_ratios
from heavytail.allocation.table import read_ratios
from heavytail.allocation.target import to_target
from heavytail.io.files import write_json
from support.tiny_model import save_model


def uniform(folder, output, **settings) -> dict:
    settings = {"allocator": "uniform", "sparsity": 0.5, "group_size": None} | settings
    allocate_sparsity(str(folder / "provenance.json"), {}, settings, str(output))
    return read_ratios(output)[0]


def test_uniform_patterns_are_the_same_everywhere(model_folder, tmp_path):
    found = uniform(model_folder, tmp_path / "table.csv", sparsity=0.625, group_size=8)
    assert set(found.values()) == {0.625} and len(found) == 21


def test_a_pattern_that_does_not_fit_is_told_before_anything_is_pruned(tmp_path):
    folder = save_model(tmp_path / "model", intermediate_size=44)
    with pytest.raises(ValueError, match=r"sparsity: found N:8, .* those of 0\.down_proj have 44"):
        uniform(folder, tmp_path / "table.csv", group_size=8)
    assert not (tmp_path / "table.csv").exists()


def test_segments_and_blends_move_ratios_and_keep_the_target(model_folder, tmp_path):
    write_json(tmp_path / "segments.json", [[0, 1], [2]])
    write_json(tmp_path / "gradients.json", {"norms": [0.1, 4.0, 1.0]})
    guides = {name: str(tmp_path / f"{name}.json") for name in ("segments", "gradients")}
    settings = {"allocator": "depth_linear", "epsilon": 0.3, "sparsity": 0.7, "group_size": None}
    changes = [
        {},
        {"segments": "own"},
        {"blend": {"weight": 0.5, "importance": "blocks"}},
        {"segments": "own", "blend": {"weight": 0.5, "importance": "segments"}},
    ]
    found = []
    for change in changes:
        output = str(tmp_path / "table.csv")
        allocate_sparsity(str(model_folder / "provenance.json"), guides, settings | change, output)
        ratios, sizes = read_ratios(output)
        total = sum(ratios[matrix] * size for matrix, size in sizes.items())
        assert total / sum(sizes.values()) == pytest.approx(0.7, rel=1e-12)
        found.append([ratios[block, "q_proj"] for block in range(3)])
    plain, split, blended, both = found
    assert np.allclose(plain, [0.49, 0.7, 0.91])
    assert np.allclose(split, [0.595, 0.595, 0.91])
    norms = np.array([0.1, 4.0, 1.0])
    mixed = 0.5 * np.array(plain) + 0.5 * gradient_ratios(norms, 0.7, None)
    assert np.allclose(blended, mixed * 0.7 / mixed.mean())
    mixed = 0.5 * np.array(split) + 0.5 * gradient_ratios(norms, 0.7, [[0, 1], [2]])
    assert np.allclose(both, to_target(mixed, np.ones(3), 0.7))


def test_a_metric_that_trials_chose_is_read_from_the_table_of_its_family(model_folder, tmp_path):
    for family, values in (("tails", (1, 2, 3)), ("marchenko_pastur", (3, 1, 2))):
        rows = "".join(f"{block},q_proj,{family},{value}\n" for block, value in enumerate(values))
        (tmp_path / f"{family}.csv").write_text("block,projection,metric,value\n" + rows)
    guides = {f"metrics_{path.stem}": str(path) for path in tmp_path.glob("*.csv")}
    settings = {"allocator": "spectral", "metric": "tune", "epsilon": 0.2, "mapping": "block"}
    settings |= {"projections": ["q_proj"], "sparsity": 0.5, "group_size": None}
    for family, direction, expected in (
        ("tails", 1, (0.4, 0.5, 0.6)),
        ("marchenko_pastur", -1, (0.4, 0.6, 0.5)),
    ):
        chosen = {"metric": family, "family": family, "direction": direction}
        write_json(tmp_path / "tuned.json", {"chosen": chosen})
        output, tuned = str(tmp_path / "ratios"), {"tuned": str(tmp_path / "tuned.json")}
        model = str(model_folder / "provenance.json")
        allocate_sparsity(model, guides | tuned, settings, output)
        ratios = read_ratios(output)[0]
        assert [ratios[block, "q_proj"] for block in range(3)] == pytest.approx(expected)


def test_segments_of_a_model_of_another_depth_are_refused(model_folder, tmp_path):
    write_json(tmp_path / "segments.json", [[0, 1], [2, 3]])
    settings = {"allocator": "depth_linear", "epsilon": 0.3, "sparsity": 0.7, "group_size": None}
    with pytest.raises(ValueError, match="segments: found a table of 4 blocks, expected 3"):
        allocate_sparsity(
            str(model_folder / "provenance.json"),
            {"segments": str(tmp_path / "segments.json")},
            settings | {"segments": "other"},
            str(tmp_path / "table.csv"),
        )


def test_families_without_a_gate_have_six_rows_a_block(tmp_path):
    folder = save_model(tmp_path / "model", "opt")
    found = uniform(folder, tmp_path / "table.csv")
    assert len(found) == 18 and np.allclose(list(found.values()), 0.5)
