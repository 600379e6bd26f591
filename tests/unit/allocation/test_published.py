"""Ratios from published alphas, against the published formula done naively in float64."""

import json
import math
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import yaml

from allocate_sparsity import allocate_sparsity
from heavytail.allocation.published import read_alphas
from heavytail.allocation.table import read_ratios
from heavytail.config.groupings import GROUPINGS
from heavytail.config.methods import METHODS
from heavytail.projections import PROJECTIONS
from plot_ratios import plot_ratios
from read_alphas import write_published
from support.tiny_model import LLAMA_3_8B
from write_ratio_table import write_ratio_table

ROOT = Path(__file__).parents[3]
ALPHAS = ROOT / "resources/alphas/llama-7b.npy"
ORDER = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "down_proj", "up_proj"]
TINY = [(block, projection) for block in range(2) for projection in PROJECTIONS]


def published(config: Path, alphas: Path, folder: Path) -> dict[str, str]:
    """What stands for a model, and its metrics."""
    files = {"model": str(folder / "published.json"), "metrics": str(folder / "tails.csv")}
    write_published(str(config), str(alphas), ORDER, files)
    return files


@pytest.fixture(scope="module")
def llama_7b(tmp_path_factory) -> dict[str, str]:
    config = ROOT / "resources/alphas/llama-7b/config.json"
    return published(config, ALPHAS, tmp_path_factory.mktemp("llama-7b"))


@pytest.fixture(scope="module")
def llama_3_8b(tmp_path_factory) -> dict[str, str]:
    """Grouped queries, random alphas."""
    folder = tmp_path_factory.mktemp("llama-3-8b")
    (folder / "config.json").write_text(json.dumps(LLAMA_3_8B))
    np.save(folder / "a.npy", np.random.default_rng(0).uniform(1.5, 7, 224))
    return published(folder / "config.json", folder / "a.npy", folder)


def allocated(files: dict[str, str], output: Path, grouping: str, epsilon: float):
    settings = {
        "allocator": "spectral",
        "metric": "alpha_peak",
        "projections": list(GROUPINGS[grouping]),
        "direction": 1,
        "mapping": "block",
        "epsilon": epsilon,
        "sparsity": 0.7,
        "group_size": None,
    }
    allocate_sparsity(files["model"], {"scores": files["metrics"]}, settings, str(output))
    return read_ratios(output)


def naive(alphas: np.ndarray, grouping: str, epsilon: float) -> list[float]:
    """r_b = 1 − ε + 2ε (s_b − min s)/(max s − min s), times one factor; equal blocks, no cap."""
    places = [place for place, name in enumerate(ORDER) if name in GROUPINGS[grouping]]
    scores = []
    for block in alphas.reshape(32, 7).tolist():
        scores.append(sum(block[place] for place in places) / len(places))
    low, high = min(scores), max(scores)
    ratios = [1 - epsilon + 2 * epsilon * (score - low) / (high - low) for score in scores]
    return [ratio * 0.7 / (sum(ratios) / 32) for ratio in ratios]


def of_blocks(ratios: dict, sizes: dict) -> list[float]:
    """Every block's ratio, which all its matrices have; the target holds, no ratio exceeds 1."""
    total = math.fsum(ratios[matrix] * size for matrix, size in sizes.items())
    assert total / sum(sizes.values()) == pytest.approx(0.7, rel=1e-14)
    assert max(ratios.values()) <= 1
    assert all(ratios[b, p] == ratios[b, "q_proj"] for b, p in ratios)
    return [ratios[block, "q_proj"] for block in range(32)]


@pytest.mark.parametrize("grouping", GROUPINGS)
def test_llama_7b_with_every_grouping(grouping, llama_7b, tmp_path):
    found = of_blocks(*allocated(llama_7b, tmp_path / "r.csv", grouping, 0.2))
    assert np.allclose(found, naive(np.load(ALPHAS), grouping, 0.2), rtol=1e-13, atol=0)


def test_the_published_figures(llama_7b, tmp_path):
    found = of_blocks(*allocated(llama_7b, tmp_path / "r.csv", "gt", 0.2))
    assert (round(min(found), 3), round(max(found), 3)) == (0.568, 0.852)
    assert (np.argmin(found), np.argmax(found)) == (9, 25)


def test_what_the_formula_lifts_above_one_is_capped_and_the_others_make_up_for_it(
    llama_7b, tmp_path
):
    formula = np.array(naive(np.load(ALPHAS), "gt", 0.4))
    assert round(formula.max(), 3) == 1.009
    found = np.array(of_blocks(*allocated(llama_7b, tmp_path / "r.csv", "gt", 0.4)))
    above = formula > 1
    assert (found[above] == 1).all() and above.sum() == 1
    rest = formula[~above] * (0.7 * 32 - above.sum()) / formula[~above].sum()
    assert np.allclose(found[~above], rest, rtol=1e-13, atol=0)


@pytest.mark.parametrize("grouping", GROUPINGS)
@pytest.mark.parametrize("epsilon", [0.2, 0.5])
def test_grouped_queries_with_every_grouping(grouping, epsilon, llama_3_8b, tmp_path):
    ratios, sizes = allocated(llama_3_8b, tmp_path / "r.csv", grouping, epsilon)
    assert sizes[0, "k_proj"] == 1024 * 4096 and sizes[0, "up_proj"] == 14336 * 4096
    found = np.array(of_blocks(ratios, sizes))
    alphas = np.load(Path(llama_3_8b["model"]).with_name("a.npy"))
    formula = np.array(naive(alphas, grouping, epsilon))
    for _ in range(32):  # cap, then share out what that takes away
        capped = formula >= 1
        formula[capped] = 1
        formula[~capped] *= (0.7 * 32 - capped.sum()) / formula[~capped].sum()
    assert np.allclose(found, formula, rtol=1e-12, atol=0)


def test_projections_are_told_by_the_stated_order(tmp_path):
    values = np.arange(14.0)
    np.save(tmp_path / "flat.npy", values)
    np.save(tmp_path / "blocks.npy", values.reshape(2, 7).astype(np.float32))
    for name in ("flat", "blocks"):
        found = read_alphas(tmp_path / f"{name}.npy", ORDER, TINY)
        assert list(found) == TINY
        assert (found[0, "down_proj"], found[0, "up_proj"], found[1, "q_proj"]) == (5, 6, 7)


def test_the_plot_that_comes_along_is_what_the_config_makes(llama_7b, tmp_path):
    config = yaml.safe_load((ROOT / "config/published.yaml").read_text())
    rows, paths = [], []
    for method, (name, allocation) in product(config["methods"], config["allocations"].items()):
        paths.append(str(tmp_path / f"{method}-{name}.csv"))
        epsilon = METHODS[method].epsilon if "grouping" in allocation else 0.0
        allocated(llama_7b, Path(paths[-1]), allocation.get("grouping", "gt"), epsilon)
        rows.append({"method": method, "sparsity": 0.7, "allocation": name})
    files = {"values": "table.csv", "matrices": "matrices.csv", "table": "table.md"}
    outputs = {name: str(tmp_path / file) for name, file in files.items()}
    write_ratio_table("llama-7b", rows, paths, outputs)
    plot_ratios("llama-7b", outputs["values"], str(tmp_path / "plot.svg"))
    committed = (ROOT / "resources/alphas/llama-7b-ratios.svg").read_bytes()
    assert (tmp_path / "plot.svg").read_bytes() == committed


def test_the_record_says_which_files_it_is_of(llama_7b):
    record = json.loads(Path(llama_7b["model"]).read_text())
    assert record["files"].keys() == {"config.json", "llama-7b.npy"}
    assert record["shapes"]["0.gate_proj"] == [11008, 4096]
