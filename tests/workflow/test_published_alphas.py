"""Models of which there are published alphas alone: ratios, tables and plots, and nothing else."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest

from heavytail.projections import PROJECTIONS
from support.project import CONFIG, ROOT

pytestmark = pytest.mark.slow
MADE = {
    "results/plots/known-ratios.svg",
    "results/tables/known-ratios.csv",
    "results/tables/known-ratios.md",
}


@pytest.fixture
def published(fresh):
    """The tiny model's config.json and alphas that grow from block to block."""
    (fresh.folder / "known").mkdir()
    shutil.copy(fresh.folder / "tiny/config.json", fresh.folder / "known/config.json")
    np.save(fresh.folder / "known.npy", np.arange(21.0))
    known = {"path": "known", "alphas": {"file": "known.npy", "order": list(PROJECTIONS)}}
    fresh.configure(models={"known": known})
    return fresh


def test_ratios_tables_and_plots_come_without_weights(published):
    published.run()
    results = published.folder / "results"
    made = {str(path.relative_to(published.folder)) for path in results.rglob("*-ratios.*")}
    assert made == MADE and published.planned() == {}
    assert not (results / "tables/cells.csv").exists() and not (results / "pruned").exists()
    table = pd.read_csv(results / "tables/known-ratios.csv")
    ratios = table[(table["method"] == "wanda") & (table["allocation"] == "gt")]["ratio"]
    assert np.allclose(ratios, 0.6 * np.array([0.9, 1.0, 1.1]))
    record = json.loads((results / "models/known/published.json").read_text())
    assert record["shapes"]["2.k_proj"] == [16, 32]
    # Nothing to say of cells, nor to diagnose.
    plan = published.snakemake("--dry-run", "diagnostics")
    assert plan.returncode == 0 and "measure_spectra" not in plan.stdout, plan.stdout
    np.save(published.folder / "known.npy", np.arange(21.0)[::-1])
    assert published.planned().keys() == {
        "read_alphas",
        "allocate_sparsity",
        "write_ratio_table",
        "plot_ratios",
        "write_report",
    }


def test_beside_models_with_weights_they_add_no_cell(published):
    known = {"path": "known", "alphas": {"file": "known.npy", "order": list(PROJECTIONS)}}
    published.configure(models=CONFIG["models"] | {"known": known})
    planned = published.planned()
    assert len(planned["prune_cell"]) == 4 and len(planned["evaluate_perplexity"]) == 5
    assert planned["write_table"] == ["results/tables/tiny.csv"]
    assert len(planned["write_ratio_table"]) == len(planned["plot_ratios"]) == 2
    assert len(planned["allocate_sparsity"]) == 8


def test_the_published_alphas_of_llama_7b_are_planned_as_they_come_along(fresh):
    shutil.copytree(ROOT / "resources/alphas", fresh.folder / "resources/alphas")
    plan = fresh.snakemake("--configfile", "config/published.yaml", "--dry-run")
    assert plan.returncode == 0 and plan.stdout.count("rule allocate_sparsity:") == 45
    assert "prune_cell" not in plan.stdout and "tiny" not in plan.stdout
