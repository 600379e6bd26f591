import math

import pandas as pd
import pytest

from heavytail import tables


def row(method=None, allocation=None, seed=0, **more):
    dense = method is None
    settings = {"sparsity": None if dense else 0.7, "seed": None if dense else seed}
    artifact = None if dense else f"{method}-{allocation}-{seed}"
    return {
        "model": "m",
        "method": method,
        "allocation": allocation,
        "artifact": artifact,
        **settings,
        **more,
    }


ROWS = [
    row(),
    row("wanda", "gt", epsilon=0.2),
    row("wanda", "uniform"),
    row("magnitude", "gt"),
    row("magnitude", "uniform"),
]
PERPLEXITY = [{"perplexity": value} for value in (5.0, 24.125, 86.0, None, 123456.0)]
ZERO_SHOT = [
    {"tasks": {"a": {"acc": acc, "acc_stderr": 0.1}, "b": {"acc": acc / 2}}, "mean": acc * 0.75}
    for acc in (0.8, 0.5, 0.4, 0.3, 0.2)
]
PRUNED = {
    r["artifact"]: {
        "realised_sparsity": 0.699,
        "seconds": 1.5,
        "peak_memory_mb": 10.0,
        "device": "cpu",
    }
    for r in ROWS[1:]
}


def cells() -> pd.DataFrame:
    return tables.cell_rows(ROWS, PERPLEXITY, ZERO_SHOT, PRUNED)


def cells_of(markdown: str) -> list[list[str]]:
    lines = [line for line in markdown.splitlines() if not set(line) <= set("|:-")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_one_row_per_cell_with_the_contract_s_columns_and_dense_first():
    found = cells()
    assert list(found.columns) == tables.COLUMNS
    assert found["method"].tolist() == ["dense", "wanda", "wanda", "magnitude", "magnitude"]
    assert found.loc[0, "realised_sparsity"] == 0 and math.isnan(found.loc[0, "sparsity"])
    assert found.loc[1, ["epsilon", "realised_sparsity", "seconds"]].tolist() == [0.2, 0.699, 1.5]
    assert math.isnan(found.loc[3, "perplexity"])


def test_without_tasks_there_are_no_zero_shot_numbers():
    found = tables.cell_rows(ROWS, PERPLEXITY, [], PRUNED)
    assert found["zero_shot_mean"].isna().all()
    assert tables.zero_shot_rows(ROWS, []).empty


def test_perplexities_have_methods_as_rows_and_allocations_as_columns():
    assert cells_of(tables.perplexity_table(cells(), 0.7)) == [
        ["", "gt", "uniform"],
        ["dense", "5.00", "5.00"],
        ["wanda", "24.12", "86.00"],
        ["magnitude", "nan", "1.2e5"],
    ]


def test_zero_shot_has_one_column_per_task_and_the_mean():
    scores = tables.zero_shot_rows(ROWS, ZERO_SHOT)
    found = cells_of(tables.zero_shot_table(scores, 0.7))
    assert found[:3] == [
        ["", "a", "b", "mean"],
        ["dense", "0.8000", "0.4000", "0.6000"],
        ["wanda gt", "0.5000", "0.2500", "0.3750"],
    ]
    assert len(found) == 6


def test_several_seeds_give_mean_and_standard_deviation():
    rows = [row(), row("wanda", "gt", 0), row("wanda", "gt", 1)]
    records = [{"perplexity": value} for value in (5.0, 10.0, 14.0)]
    pruned = {r["artifact"]: {} for r in rows[1:]}
    found = tables.cell_rows(rows, records, ZERO_SHOT[:3], pruned)
    assert cells_of(tables.perplexity_table(found, 0.7))[2] == ["wanda", "12.00 ± 2.83"]
    scores = cells_of(tables.zero_shot_table(tables.zero_shot_rows(rows, ZERO_SHOT), 0.7))
    assert scores[2] == ["wanda gt", "0.4500 ± 0.0707", "0.2250 ± 0.0354", "0.3375 ± 0.0530"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (5.678, "5.68"),
        (math.nan, "nan"),
        (9999.994, "9999.99"),
        (12345.0, "1.2e4"),
        (3e12, "3.0e12"),
    ],
)
def test_numbers_are_written_as_people_read_them(value, text):
    assert tables.readable(value) == text


def test_a_mean_over_a_task_that_is_nan_is_nan():
    records = [{"tasks": {"a": {"acc": 0.5}, "b": {"acc": None}}, "mean": None}] * 2
    scores = tables.zero_shot_rows(ROWS[:2], records)
    assert cells_of(tables.zero_shot_table(scores, 0.7))[1] == ["dense", "0.5000", "nan", "nan"]
