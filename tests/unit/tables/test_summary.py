import pandas as pd
import pytest

from heavytail.tables import significance, summary
from support.records import cell, dense, of_markdown, tables

ROWS = [
    dense(),
    cell("wanda", "uniform"),
    cell("wanda", "gt"),
    cell("wanda", "gt-0.3", grouping="gt", epsilon=0.3),
    cell("wanda", "entropy", grouping="gt", metric="entropy"),
    cell("wanda", "split", grouping="gt", segments="own"),
    cell("wanda", "blended", grouping="gt", blend={"weight": 0.5, "importance": "blocks"}),
    cell("wanda", "by-matrix", grouping="gt", mapping="matrix"),
    cell("wanda", "qk"),
]
PERPLEXITY = [5.0, 80.0, 30.0, 25.0, 21.0, 22.0, 23.0, 24.0, 20.0]
NONE = pd.DataFrame(columns=significance.COLUMNS)


def best(perplexity=PERPLEXITY, rows=ROWS, compared=NONE, accuracies=()) -> pd.DataFrame:
    cells, _ = tables(rows, perplexity, accuracies)
    return summary.best_rows(cells, compared)


def test_the_best_and_its_gain_over_the_strongest_plain_gt_and_uniform():
    (row,) = best().to_dict("records")
    assert (row["allocation"], row["value"], row["quantity"]) == ("qk", 20.0, "perplexity")
    assert (row["gt"], row["gt_value"]) == ("gt-0.3", 25.0)
    assert row["gt_gain"] == pytest.approx(0.2) and row["uniform_gain"] == pytest.approx(0.75)


@pytest.mark.parametrize("name", [row["allocation"] for row in ROWS[1:]])
def test_gt_is_that_of_alpha_peak_whichever_is_the_best(name):
    numbers = {row["allocation"]: own for row, own in zip(ROWS, PERPLEXITY, strict=True)}
    (row,) = best((numbers | {name: 1.0}).values()).to_dict("records")
    own = name in ("gt", "gt-0.3")
    assert (row["allocation"], row["gt"]) == (name, name if own else "gt-0.3")
    assert row["gt_gain"] == pytest.approx(0 if own else 1 - 1 / 25)


def test_accuracy_is_better_when_more_and_gains_are_differences():
    rows = [dense(), cell("wanda", "uniform"), cell("wanda", "gt"), cell("wanda", "qk")]
    found = best([5.0, 3.0, 2.0, 4.0], rows, NONE, [(0.9,), (0.5,), (0.4,), (0.625,)])
    row = found[found["quantity"] == "zero_shot_mean"].iloc[0]
    assert (row["allocation"], row["value"]) == ("qk", 0.625)
    assert row["gt_gain"] == pytest.approx(0.225) and row["uniform_gain"] == pytest.approx(0.125)


def test_a_row_without_a_number_has_no_best_and_one_without_baselines_no_gain():
    assert best([5.0, None], [dense(), cell("wanda", "gt")]).empty
    (row,) = best([5.0, 9.0], [dense(), cell("wanda", "qk")]).to_dict("records")
    assert row["allocation"] == "qk" and pd.isna(row["gt"]) and pd.isna(row["uniform_gain"])


def test_a_baseline_that_is_nan_is_shown_as_it_is():
    rows = [dense(), cell("wanda", "gt"), cell("wanda", "uniform"), cell("wanda", "qk")]
    table = summary.summary_table(best([5.0, None, None, 9.0], rows), "perplexity")
    assert of_markdown(table)[1][3:] == ["qk", "9.00", "gt nan", "–", "uniform nan", "–"]


def test_the_page_marks_gains_that_are_not_told_apart():
    key = {"model": "m", "method": "wanda", "sparsity": "0.7", "quantity": "perplexity"}
    compared = pd.DataFrame(
        [
            key | {"baseline": "best", "allocation": name, "against": "qk", "distinguishable": own}
            for name, own in (("gt-0.3", False), ("uniform", True))
        ]
    )
    table = summary.summary_table(best(compared=compared), "perplexity")
    assert of_markdown(table) == [
        [
            *("model", "method", "sparsity", "best", "perplexity"),
            *("gt", "gain over gt", "uniform", "gain over uniform"),
        ],
        ["m", "wanda", "0.7", "qk", "20.00", "gt-0.3 25.00", "20.0% ≈", "uniform 80.00", "75.0%"],
    ]
    own = best([5.0, 8.0, 9.0], [dense(), cell("wanda", "gt"), cell("wanda", "qk")])
    assert of_markdown(summary.summary_table(own, "perplexity"))[1][5:] == ["itself", "–", "–", "–"]
