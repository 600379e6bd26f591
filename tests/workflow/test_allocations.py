"""Every kind of allocation in one matrix, and what an edit of one of them reruns."""

import json

import pandas as pd
import pytest

pytestmark = pytest.mark.slow

ALLOCATIONS = {
    "uniform": {"allocator": "uniform"},
    "gt": {"grouping": "gt", "epsilon": 0.3},
    "split": {"grouping": "gt", "epsilon": 0.3, "segments": "own"},
    "split-other": {"grouping": "gt", "epsilon": 0.3, "segments": "other", "models": ["tiny"]},
    "blend": {"grouping": "gt", "epsilon": 0.3, "blend": {"weight": 0.5}},
    "matrix": {"grouping": "gt", "epsilon": 0.3, "mapping": "matrix"},
    "apart": {"grouping": "gt", "epsilon": 0.3, "mapping": "attention_mlp"},
    "owl": {"allocator": "owl", "methods": ["wanda"]},
    "owl-wide": {"allocator": "owl", "outlier": 2, "sparsities": [0.6]},
    "dlp": {"allocator": "dlp"},
    "dlp-mean": {"allocator": "dlp", "statistic": "mean"},
    "depth": {"allocator": "depth_linear"},
    "bounded": {"allocator": "depth_linear", "bounds": [0.55, 0.65]},
    "given": {"allocator": "given", "file": "given.csv"},
    "global": {"allocator": "global"},
    "lsa": {"allocator": "lsa"},
    "lsa-apart": {"allocator": "lsa", "parts": "attention_mlp"},
    "lsa-matrix": {"allocator": "lsa", "parts": "matrix", "epsilon": 0.05},
    "lamp": {"allocator": "lamp"},
    "er": {"allocator": "er"},
    "er_plus": {"allocator": "er_plus"},
    "search": {"allocator": "search", "start": "depth", "population": 4, "generations": 3},
}


def test_every_allocation_reaches_its_target_and_an_edit_reruns_its_own(project):
    (project.folder / "other.json").write_text("[[0], [1, 2]]")
    (project.folder / "given.csv").write_text("block,sparsity\n0,0.5\n1,0.6\n2,0.7\n")
    project.configure(
        models={"tiny": {"path": "tiny"}, "other": {"path": "tiny", "segments": "other.json"}},
        methods=["magnitude", "wanda"],
        allocations=ALLOCATIONS,
        segments={"count": 2},
        tasks=[],
    )
    ratios = {
        name: f"results/ratios/tiny/{'wanda' if name == 'owl' else 'magnitude'}/0.6/{name}.csv"
        for name in ALLOCATIONS
    }
    project.run(*ratios.values())
    found = {}
    for name, path in ratios.items():
        table = pd.read_csv(project.folder / path)
        realised = (table["sparsity"] * table["parameters"]).sum() / table["parameters"].sum()
        assert realised == pytest.approx(0.6, rel=1e-9), name
        assert table["sparsity"].between(0, 1).all(), name
        found[name] = tuple(table["sparsity"])
    assert len(set(found.values())) == len(ALLOCATIONS), "no two give the same ratios"
    segments = json.loads((project.folder / "results/segments/tiny.json").read_text())
    assert len(segments) == 2
    by_block = pd.read_csv(project.folder / ratios["split-other"]).groupby("block")["sparsity"]
    assert by_block.nunique().eq(1).all() and by_block.first()[1] == by_block.first()[2]

    planned = project.planned()
    cells = {path for path in planned["prune_cell"] if "/owl/" in path or "/split-other/" in path}
    assert cells == {
        "results/pruned/tiny/wanda/0.6/owl/seed-0.safetensors",
        "results/pruned/other/wanda/0.6/owl/seed-0.safetensors",
        *(
            f"results/pruned/tiny/{method}/0.6/split-other/seed-0.safetensors"
            for method in ("magnitude", "wanda")
        ),
    }
    project.edit("scripts/heavytail/allocation/allocators/owl.py", 'f"above_', 'f"above_1')
    edited = {
        rule: set(paths) - set(planned.get(rule, [])) for rule, paths in project.planned().items()
    }
    assert {rule: paths for rule, paths in edited.items() if paths} == {
        "allocate_sparsity": {ratios["owl"], ratios["owl-wide"]}
    }


def test_trials_choose_and_the_tables_say_what(project):
    project.configure(
        allocations={"best": {"grouping": "tune", "epsilon": "tune", "metric": "tune"}},
        tune={
            "epsilon": [0.1, 0.4],
            "grouping": ["gt", ["v_proj"]],
            "metric": ["alpha_peak", "stable_rank"],
            "windows": 8,
        },
        methods=["wanda"],
        seeds=[0, 1],
        tasks=[],
    )
    project.run()
    assert project.planned() == {}
    record = json.loads((project.folder / "results/tuned/tiny/wanda/0.6/best.json").read_text())
    assert len(record["trials"]) == 8 + 4 + 2
    cells = pd.read_csv(project.folder / "results/tables/cells.csv").set_index("method")
    chosen = record["chosen"]
    assert (cells.loc["wanda", "epsilon"].astype(float) == chosen["epsilon"]).all()
    for key in ("grouping", "metric"):
        assert (cells.loc["wanda", key] == chosen[key]).all()
    project.configure(
        allocations={"best": {"grouping": "tune", "epsilon": "tune"}},
        tune={"epsilon": [0.1, 0.3], "grouping": ["gt", ["v_proj"]], "windows": 8},
        methods=["wanda"],
        seeds=[0, 1],
        tasks=[],
    )
    planned = project.planned()
    counts = {rule: len(jobs) for rule, jobs in planned.items()}
    expected = {"tune_allocation": 1, "allocate_sparsity": 1, "prune_cell": 2}
    assert counts.items() >= (expected | {"evaluate_perplexity": 2}).items()
    assert "freeze_calibration" not in planned and "measure_spectra" not in planned
