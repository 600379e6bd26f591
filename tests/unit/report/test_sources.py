"""From files to datasets."""

import json

import pandas as pd
import pytest

from heavytail.report import sources
from support.records import cell, dense, tables


def test_costs_are_summed_by_rule_and_jobs_without_numbers_count(tmp_path):
    head = "s\th:m:s\tmax_rss\n"
    for name, line in {
        "prune_cell/m/a.tsv": "2.5\t0:00:02\t400.5",
        "prune_cell/m/b.tsv": "1.5\t0:00:01\tNA",
        "collect_cells.tsv": "9.0\t0:00:09\t10",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{head}{line}\n")
    found = sources.rule_rows(tmp_path)
    assert found.to_numpy().tolist() == [
        ["collect_cells", 1, 9.0, 9.0, 10.0],
        ["prune_cell", 2, 4.0, 2.0, 400.5],
    ]
    assert len(sources.rule_rows(tmp_path / "none")) == 0


def test_provenance_has_the_model_s_files_and_the_protocol_without_long_lists(tmp_path):
    origin, record = tmp_path / "provenance.json", tmp_path / "dense.json"
    origin.write_text(json.dumps({"source": "o/n", "revision": None, "files": {"a.bin": "ff"}}))
    losses = {"losses": [1, 2], "windows": 8, "versions": {"torch": "2"}, "reason": None}
    record.write_text(json.dumps(losses))
    found = sources.provenance_rows("m", str(origin), {"perplexity": str(record)})
    assert found.drop(columns="model").to_numpy().tolist() == [
        ["model", "source", "o/n"],
        ["file, SHA-256", "a.bin", "ff"],
        ["perplexity, dense", "windows", "8"],
        ["perplexity: version", "torch", "2"],
    ]


def test_a_cell_without_a_perplexity_has_the_reason_of_its_record(tmp_path):
    cells, _ = tables([dense(), cell("wanda", "gt"), cell("wanda", "uniform")], [8.0, None, None])
    path = tmp_path / "m/wanda/0.7/gt/seed-0.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"reason": "window 3: <inf>"}))
    found = sources.reasons(cells, str(tmp_path / "{model}/{cell}.json"))
    assert found.tolist() == [None, "window 3: <inf>", None]


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


@pytest.mark.parametrize("name", ["cells", "ratios", "densities"])
def test_without_files_there_are_no_rows(name):
    assert len(sources.datasets({}, {}).get(name, ())) == 0
