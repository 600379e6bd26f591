"""From files to datasets."""

import pandas as pd
import pytest

from heavytail.report import sources


def test_hessians_are_ranked_from_one():
    entry = {"block": 2, "projections": ["q_proj", "k_proj"], "eigenvalues": [5.0, 1.0]}
    loss = {"trained": {"eigenvalues": [3.0]}, "random": {"eigenvalues": []}}
    found = sources.hessian_rows(loss | {"inputs": [entry], "random_inputs": []})
    assert found.to_numpy().tolist() == [
        ["the loss", "trained", 1, 3.0],
        ["inputs of 2, q_proj, k_proj", "trained", 1, 5.0],
        ["inputs of 2, q_proj, k_proj", "trained", 2, 1.0],
    ]


def test_metrics_of_averages_are_the_columns_behind_those_of_the_cells(tmp_path):
    path = tmp_path / "averages.csv"
    pd.DataFrame(
        {"model": ["m"], "perplexity": [8.0], "artifact": ["x"], "alpha": [2.0], "entropy": [1.0]}
    ).to_csv(path, index=False)
    found = sources.of_diagnostics(str(path), {}, {})
    assert found["averaged_metrics"]["metric"].tolist() == ["alpha", "entropy"]
    assert "artifact" not in found["averages"] and len(found["heads"]) == 0


def test_a_metric_of_two_tables_stands_once(tmp_path):
    paths = {}
    for name, metrics in {"tails": ["alpha"], "all": ["entropy", "alpha"]}.items():
        rows = [{"block": 0, "projection": "q_proj", "metric": m, "value": 2.0} for m in metrics]
        paths[name] = str(tmp_path / f"{name}.csv")
        pd.DataFrame(rows).to_csv(paths[name], index=False)
    places = {
        "metrics": {"m": {"tails": paths["tails"]}},
        "more_metrics": {"m": {"all": paths["all"]}},
    }
    found = sources.datasets({}, places)["metrics"]
    assert found["metric"].tolist() == ["alpha", "entropy"] and set(found["model"]) == {"m"}


def test_spectra_of_pruned_cells_stand_beside_the_dense_model_s(tmp_path):
    table = {"block": [0], "projection": ["q_proj"], "eigenvalue": [1.0], "density": [2.0]}
    path = str(tmp_path / "bins.csv")
    pd.DataFrame(table | {"law": [0.5]}).to_csv(path, index=False)
    cell = "wanda/0.7/gt/seed-0"
    places = {"densities": {"m": {"dense": path}}, "more_densities": {"m": {cell: path}}}
    found = sources.datasets({}, places)["densities"]
    assert found["subject"].tolist() == ["dense", cell]


@pytest.mark.parametrize("name", ["cells", "ratios", "densities"])
def test_without_files_there_are_no_rows(name):
    assert len(sources.datasets({}, {}).get(name, ())) == 0
