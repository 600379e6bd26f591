import math

import pandas as pd
import pytest

from heavytail.tables import model as model_tables
from heavytail.tables import significance
from heavytail.tables.reference import COLUMNS
from support.records import cell, dense, every, of_markdown, tables

ALLOCATIONS = ["uniform", "gt", "qk"]
ROWS = every(["wanda", "magnitude"], ALLOCATIONS)
PERPLEXITY = (5.0, 86.0, 24.125, 24.5, 123456.0, None, 300.0)
ACCURACIES = [(0.8, 0.4), *[(0.5, 0.25), (0.6, 0.3), (0.62, 0.3)] * 2]


def pairs(*rows: tuple) -> pd.DataFrame:
    """Comparisons: method, quantity, allocation, against, distinguishable."""
    names = ["method", "quantity", "allocation", "against", "distinguishable"]
    table = pd.DataFrame(rows, columns=names).reindex(columns=significance.COLUMNS)
    return table.assign(model="m", sparsity="0.7", baseline="best")


COMPARED = pairs(
    ("wanda", "perplexity", "uniform", "gt", True),
    ("wanda", "perplexity", "qk", "gt", False),
    ("magnitude", "perplexity", "uniform", "qk", True),
    ("magnitude", "perplexity", "gt", "qk", None),
    ("wanda", "zero_shot_mean", "gt", "qk", False),
    ("wanda", "zero_shot_mean", "uniform", "qk", True),
)


def beside(*rows: tuple) -> pd.DataFrame:
    """Reference results beside cells: sparsity, method, allocation, quantity, reference."""
    names = [*model_tables.KEY, "quantity", "reference"]
    return pd.DataFrame(rows, columns=names).reindex(columns=COLUMNS)


def both(perplexity=PERPLEXITY, rows=ROWS, accuracies=ACCURACIES, reference=None) -> tuple:
    cells, scores = tables(rows, perplexity, accuracies)
    return model_tables.model_rows(cells, scores, COMPARED, reference), scores


def test_methods_are_rows_allocations_columns_and_marks_are_those_of_the_row():
    assert of_markdown(model_tables.perplexity_table(both()[0], "0.7")) == [
        ["", "uniform", "gt", "qk"],
        ["dense", "5.00", "5.00", "5.00"],
        ["wanda", "86.00", "**24.12**", "24.50 ≈"],
        ["magnitude", "1.2e5", "nan", "**300.00**"],
    ]


def test_where_an_allocation_is_not_for_a_method_the_table_is_empty():
    names = [
        ("magnitude", "qk"),
        ("magnitude", "v"),
        ("wanda", "gt"),
        ("wanda", "qk"),
        ("wanda", "q"),
    ]
    rows = [dense(), *(cell(*name) for name in names)]
    found = both((5.0, 6.0, 6.5, 7.0, 8.0, 9.0), rows, [(0.5,)] * 6)[0]
    assert of_markdown(model_tables.perplexity_table(found, "0.7")) == [
        ["", "gt", "qk", "q", "v"],
        ["dense", "5.00", "5.00", "5.00", "5.00"],
        ["magnitude", "", "**6.00**", "", "6.50"],
        ["wanda", "**7.00**", "8.00 ≈", "9.00", ""],
    ]


def test_the_reference_stands_beside_ours_each_number_once():
    reference = beside(
        (None, "dense", None, "ppl_wikitext2", 5.2),
        ("0.7", "wanda", "gt", "ppl_wikitext2", 22.77),
        ("0.7", "wanda", "gt", "ppl_wikitext2", 22.24),
        ("0.7", "wanda", "gt", "ppl_wikitext2", 22.77),
        ("0.7", "magnitude", "uniform", "ppl_wikitext2", math.nan),
        ("0.7", "wanda", "qk", "zeroshot/b/acc", 0.31),
        ("0.7", "wanda", "qk", "zeroshot/mean_claimed", 0.4597),
    )
    rows, scores = both(reference=reference)
    found = of_markdown(model_tables.perplexity_table(rows, "0.7"))
    assert found[1:3] == [
        ["dense", *["5.00 (reference 5.20)"] * 3],
        ["wanda", "86.00", "**24.12** (reference 22.77, 22.24)", "24.50 ≈"],
    ]
    assert found[3][1] == "1.2e5 (reference nan)"
    table = of_markdown(model_tables.zero_shot_table(rows, scores, reference, "0.7"))
    assert table[4][2:4] == ["0.3000 (reference 0.3100)", "**0.4600** (reference 0.4597)"]


def test_zero_shot_has_one_column_per_task_the_mean_and_its_standard_error():
    rows, scores = both()
    found = of_markdown(model_tables.zero_shot_table(rows, scores, None, "0.7"))
    error = f"{math.hypot(0.03, 0.03) / 2:.4f}"
    assert found[:5] == [
        ["", "a", "b", "mean", "standard error"],
        ["dense", "0.8000", "0.4000", "0.6000", error],
        ["wanda uniform", "0.5000", "0.2500", "0.3750", error],
        ["wanda gt", "0.6000", "0.3000", "0.4500 ≈", error],
        ["wanda qk", "0.6200", "0.3000", "**0.4600**", error],
    ]
    assert len(found) == 8


def test_several_seeds_give_mean_and_deviation_and_no_smaller_error():
    rows = every(["wanda"], ["gt"], [0, 1])
    found, scores = both((5.0, 10.0, 14.0), rows, [(0.8, 0.4), (0.5, 0.25), (0.4, 0.2)])
    assert of_markdown(model_tables.perplexity_table(found, "0.7"))[2][1].startswith("**12.00 ± 2.")
    line = of_markdown(model_tables.zero_shot_table(found, scores, None, "0.7"))[2]
    assert line[1:3] == ["0.4500 ± 0.0707", "0.2250 ± 0.0354"]
    assert line[3] == "0.3375 ± 0.0530 ≈"
    assert found["zero_shot_stderr"].tolist() == pytest.approx([math.hypot(0.03, 0.03) / 2] * 2)


def test_a_task_that_is_nan_makes_the_mean_and_its_error_nan():
    rows, scores = both((5.0, 6.0), every(["sparsegpt"], ["gt"]), [(0.5, 0.5), (0.5, None)])
    scores.loc[(scores["task"] == "b") & (scores["method"] == "sparsegpt"), "value"] = math.nan
    cells, _ = tables(every(["sparsegpt"], ["gt"]), (5.0, 6.0), [(0.5, 0.5), (0.5, None)])
    rows = model_tables.model_rows(cells, scores, COMPARED, None)
    line = of_markdown(model_tables.zero_shot_table(rows, scores, None, "0.7"))[2]
    assert line == ["sparsegpt gt", "0.5000", "nan", "nan", "nan"]


def test_the_csv_says_what_the_tables_say():
    found = both()[0].set_index(["method", "allocation"])
    assert found.loc[("wanda", "qk"), ["perplexity_mark", "zero_shot_mean_mark"]].tolist() == [
        "≈",
        "best",
    ]
    assert found.loc[("magnitude", "gt"), "perplexity_mark"] == ""
    assert found["zero_shot_mean"].iloc[1] == pytest.approx(0.375)
