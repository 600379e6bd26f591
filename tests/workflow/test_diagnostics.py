"""The target `diagnostics`, and allocations by metrics of every family, on real weights."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from heavytail.config.metrics import METRICS
from support.project import Project

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def diagnosed(finished, shared) -> Project:
    """The cells of one method with their diagnostics; not to be changed."""

    def make(folder: Path) -> None:
        shutil.copytree(finished.folder, folder, symlinks=True)
        project = Project(folder)
        project.configure(methods=["wanda"], hessian={"eigenvalues": 5, "windows": 4})
        project.run()
        project.run("diagnostics")

    return shared("diagnosed", make)


def test_pages_are_written_once_and_the_matrix_stays_as_it_is(diagnosed):
    # The report shows them.
    assert diagnosed.planned() == {"write_report": ["results/report/index.html"]}
    again = diagnosed.snakemake("--dry-run", "--", "diagnostics")
    assert "Nothing to be done" in again.stdout, again.stdout


def test_every_metric_of_every_subject_is_in_the_tables(diagnosed):
    results = diagnosed.folder / "results"
    dense = pd.read_csv(results / "metrics/tiny.csv")
    # Those that cost much are measured where an allocation asks for them.
    cheap = {name for name, metric in METRICS.items() if not metric.costly}
    assert set(dense["metric"]) == cheap and len(dense) == 3 * 7 * len(cheap)
    pruned = pd.read_csv(results / "metrics/tiny/wanda/0.6/gt/seed-0.csv")
    assert not pruned.equals(dense) and len(pruned) == len(dense)
    averages = pd.read_csv(results / "diagnostics/averages.csv")
    assert len(averages) == 3 and averages["perplexity"].notna().all()
    expected = dense[dense["metric"] == "stable_rank"]["value"].mean()
    assert averages["stable_rank"].iloc[0] == pytest.approx(expected)


def test_the_pages_say_what_was_measured(diagnosed):
    pages = diagnosed.folder / "results/diagnostics"
    reference = (pages / "tiny/reference.md").read_text()
    assert "3 blocks, the reference has 32" in reference and "llama-2-7b" in reference
    assert "W_KᵀW_Q" in (pages / "tiny/low_rank.md").read_text()
    assert "Simpson's paradox" in (pages / "correlations.md").read_text()
    hessian = (pages / "tiny/hessian.md").read_text()
    assert "random initialisation" in hessian and "2, down_proj" in hessian
    record = json.loads((diagnosed.folder / "results/hessian/tiny.json").read_text())
    assert len(record["trained"]["eigenvalues"]) == 5 and len(record["inputs"]) == 3 * 4


def test_a_metric_of_any_family_guides(project):
    """Those that read extra spectra and those that prune less where they are larger among them."""
    metrics = ["alpha", "stable_rank", "mp_spikes", "E_TPL_beta", "rand_distance", "farms_10"]
    chosen = {name: {"grouping": "qk", "metric": name, "epsilon": 0.2} for name in metrics}
    project.configure(methods=["magnitude"], allocations=chosen, tasks=[])
    project.run(*(f"results/ratios/tiny/magnitude/0.6/{name}.csv" for name in metrics))
    for name in metrics:
        ratios = pd.read_csv(project.folder / f"results/ratios/tiny/magnitude/0.6/{name}.csv")
        target = (ratios["sparsity"] * ratios["parameters"]).sum() / ratios["parameters"].sum()
        assert target == pytest.approx(0.6)
    family = pd.read_csv(project.folder / "results/metrics/tiny/randomised.csv")
    scores = (
        family[family["projection"].isin(["q_proj", "k_proj"])].groupby("block")["value"].mean()
    )
    table = pd.read_csv(project.folder / "results/ratios/tiny/magnitude/0.6/rand_distance.csv")
    blocks = table.groupby("block")["sparsity"].first()
    assert scores.idxmax() == blocks.idxmin() and scores.idxmin() == blocks.idxmax()
