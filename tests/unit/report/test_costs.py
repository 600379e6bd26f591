"""What the report says of costs: restored results are no measurements."""

import pandas as pd
import pytest

from heavytail.report.costs import job_rows, rule_rows
from heavytail.tables.costs import Cost
from support.records import cell, dense, tables

FOUND = [
    Cost("collect_cells", "", 9.0, 10.0, False),
    Cost("prune_cell", "m/wanda/0.7/gt/seed-0", 2.5, 400.5, False),
    Cost("prune_cell", "m/wanda/0.7/gt/seed-1", 1.5, None, False),
    Cost("prune_cell", "m/wanda/0.7/uniform/seed-0", 0.2, 6.0, True),
    Cost("fetch_text", "c4/test", 0.1, None, True),
]


def test_what_a_rule_costs_again_is_the_mean_of_those_that_computed_times_all():
    found = rule_rows(FOUND).set_index("rule")
    assert found.index.tolist() == ["collect_cells", "prune_cell", "fetch_text"]
    assert found.loc["prune_cell"].tolist() == [3, 1, 4.0, 2.0, 6.0, 400.5]
    unknown = found.loc["fetch_text"]
    assert (unknown["jobs"], unknown["restored"], unknown["seconds"]) == (1, 1, 0)
    assert pd.isna(unknown["again"])
    assert len(rule_rows([])) == 0


def test_a_cell_has_its_jobs_that_computed():
    rows = [dense(), *(cell("wanda", "gt", seed) for seed in (0, 1)), cell("wanda", "uniform")]
    cells, _ = tables(rows, [8.0, 9.0, 9.0, 9.0])
    found = job_rows(FOUND, cells)
    assert found[["allocation", "seed", "rule", "seconds"]].to_numpy().tolist() == [
        ["gt", 0, "prune_cell", 2.5],
        ["gt", 1, "prune_cell", 1.5],
    ]
    assert found["memory"].tolist() == pytest.approx([400.5, float("nan")], nan_ok=True)
