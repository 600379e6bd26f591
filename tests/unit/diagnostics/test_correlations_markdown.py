import math

import pandas as pd

from heavytail.diagnostics import correlations as corr


def cells_of(markdown):
    lines = [line for line in markdown.splitlines() if not set(line) <= set("|:-")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_markdown_has_the_strongest_metric_of_each_slice_first():
    rows = [
        ("z", "weak", 0.1),
        ("z", "none", math.nan),
        ("z", "strong", -0.909),
        ("a", "x", -0.001),
    ]
    table = pd.DataFrame(
        [(s, m, "perplexity", 5, 1, rho, 0.25, rho, 0.5) for s, m, rho in rows],
        columns=corr.COLUMNS,
        index=[7, 7, 3, 0],
    )
    found = cells_of(corr.correlations_markdown(table))
    assert found[0] == corr.COLUMNS
    assert found[1] == ["z", "strong", "perplexity", "5", "1", "-0.91", "0.25", "-0.91", "0.50"]
    assert [row[1] for row in found[1:]] == ["strong", "weak", "none", "x"]
    assert found[3][5] == "nan" and found[4][5] == "0.00"


def test_markdown_marks_reversed_pairs(tmp_path):
    # Rising within each model, falling over all of them.
    models = [pd.DataFrame({"model": f"m{m}", "alpha": range(m * 9, m * 9 + 5)}) for m in range(3)]
    points = pd.concat(models, ignore_index=True)
    points["perplexity"] = [number % 5 - 20 * (number // 5) for number in range(15)]
    points["steady"] = -points["perplexity"]
    table = corr.simpsons_paradox(points, ["alpha", "steady"], "perplexity", ["model"])
    # A rule writes the table and another reads it.
    table.to_csv(tmp_path / "table.csv", index=False)
    for known in (table, pd.read_csv(tmp_path / "table.csv")):
        found = cells_of(corr.simpson_markdown(known))
        assert [row[:2] + row[-2:-1] for row in found] == [
            ["key", "metric", "reversed"],
            ["model", "steady", ""],
            ["model", "alpha", "reversed"],
        ]
        assert found[1][3] == "-1.00"
