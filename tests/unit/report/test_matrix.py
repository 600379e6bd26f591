"""What the charts of the matrix show, computed by hand beside."""

import numpy as np
import pandas as pd
import pytest

from heavytail.report.matrix import gains, pareto, qualities, with_epsilon_sources
from heavytail.tables.cells import typed
from heavytail.tables.significance import COLUMNS
from support.records import cell, dense, tables


@pytest.fixture
def matrix():
    """A dense model at 8; wanda with uniform, and gt with two seeds; tasks a and b."""
    rows = [dense(), cell("wanda", "uniform"), cell("wanda", "gt", 0), cell("wanda", "gt", 1)]
    return tables(rows, [8.0, 40.0, 18.0, 22.0], [(0.8, 0.6), (0.4, 0.4), (0.5, 0.3), (0.5, 0.5)])


def pairs(*rows: tuple) -> pd.DataFrame:
    keys = ("quantity", "allocation", "baseline", "against", "difference", "low", "high")
    found = [dict(zip(keys, row, strict=False)) | {"distinguishable": row[-1]} for row in rows]
    named = [row | {"model": "m", "method": "wanda", "sparsity": "0.7"} for row in found]
    return typed(pd.DataFrame(named, columns=COLUMNS))


def of(table: pd.DataFrame, **names: str) -> pd.Series:
    chosen = np.logical_and.reduce([table[key] == value for key, value in names.items()])
    (_, row), *more = table[chosen].iterrows()
    assert not more
    return row


def test_a_quality_is_the_mean_over_seeds_and_how_many_times_worse_it_is(matrix):
    found = qualities(*matrix, pairs())
    gt = of(found, allocation="gt", quality="perplexity")
    assert (gt["value"], gt["seeds"], gt["to_best"], gt["to_dense"]) == (20, 2, 1, 2.5)
    assert gt["sd"] == pytest.approx(np.sqrt(8)) and gt["mark"] == "best" and gt["share"] == 0.7
    uniform = of(found, allocation="uniform", quality="perplexity")
    assert (uniform["to_best"], uniform["to_dense"], uniform["shown"]) == (2, 5, "40.00")
    # Of accuracies less is worse: uniform's mean is 0.4, gt's 0.45, the dense model's 0.7.
    uniform = of(found, allocation="uniform", quality="mean accuracy")
    assert uniform["to_best"] == pytest.approx(0.45 / 0.4)
    assert uniform["to_dense"] == pytest.approx(0.7 / 0.4)
    assert of(found, allocation="uniform", quality="b")["to_best"] == pytest.approx(1)


def test_perplexity_by_another_protocol_is_a_quality_of_its_own(matrix):
    cells, scores = matrix
    found = qualities(
        cells.assign(**{"perplexity:words": cells["perplexity"] * 2}), scores, pairs()
    )
    gt = of(found, allocation="gt", quality="perplexity:words")
    assert (gt["value"], gt["seeds"], gt["to_dense"], gt["shown"]) == (40, 2, 2.5, "40.00")
    assert gt["mark"] == "best", "less is better"


@pytest.mark.parametrize(
    ("given", "source"),
    [
        ({"epsilon": 0.2}, "of the config"),
        ({"epsilon": {"wanda": 0.2}}, "of the config"),
        ({"epsilon": "tune"}, "chosen by trials"),
        ({"epsilon": "alphapruning"}, "of AlphaPruning's scripts"),
        ({"grouping": "gt"}, "the default"),
        (None, "the default"),
    ],
)
def test_an_epsilon_says_where_it_comes_from(matrix, given, source):
    found = with_epsilon_sources(qualities(*matrix, pairs()), {"gt": given})
    assert of(found, allocation="gt", quality="perplexity")["epsilon"] == f"0.2, {source}"
    assert of(found, allocation="uniform", quality="perplexity")["epsilon"] == ""


def test_what_cannot_be_told_from_the_best_is_marked_with_its_interval(matrix):
    row = ("perplexity", "uniform", "best", "gt", 0.1, -0.05, 0.25, False)
    found = of(qualities(*matrix, pairs(row)), allocation="uniform", quality="perplexity")
    assert (found["mark"], found["shown"]) == ("≈", "40.00 ≈")
    assert (found["difference"], found["low"], found["high"]) == (0.1, -0.05, 0.25)


def test_a_cell_without_a_number_is_shown_as_nan_and_compared_with_nothing():
    rows = [dense(), cell("wanda", "uniform"), cell("wanda", "gt")]
    found = qualities(*tables(rows, [8.0, None, 20.0]), pairs())
    uniform = of(found, allocation="uniform", quality="perplexity")
    assert uniform["shown"] == "nan" and np.isnan(uniform["to_best"]) and uniform["mark"] == ""
    assert of(found, allocation="gt", quality="perplexity")["mark"] == "best"
    assert set(found["quality"]) == {"perplexity"}, "without tasks there are no accuracies"


def test_a_gain_is_positive_where_it_is_better():
    low, high = np.log(0.4), np.log(0.6)
    ours = pairs(
        ("perplexity", "gt", "uniform", "uniform", np.log(0.5), low, high, True),
        ("zero_shot_mean", "gt", "uniform", "uniform", 0.02, -0.01, 0.05, False),
        ("perplexity", "gt", "best", "qk", 0.3, 0.2, 0.4, True),
    )
    found = gains(ours).set_index("quality")
    perplexity = found.loc["perplexity"]
    assert perplexity[["gain", "low", "high"]].tolist() == pytest.approx([0.5, 0.4, 0.6])
    assert found.loc["mean accuracy", ["gain", "low", "high"]].tolist() == [0.02, -0.01, 0.05]
    assert found["distinguishable"].tolist() == [True, False]


def test_the_front_is_what_no_other_cell_beats_in_both():
    names = ("uniform", "a", "b", "c")
    rows = [dense(), *(cell("wanda", name) for name in names)]
    accuracies = [(0.9,), (0.5,), (0.6,), (0.55,), (0.6,)]
    found = pareto(tables(rows, [8.0, 10.0, 20.0, 30.0, 25.0], accuracies)[0])
    assert dict(zip(found["allocation"], found["front"], strict=True)) == {
        "uniform": True,  # the least perplexity
        "a": True,  # more accuracy
        "b": False,  # worse than a in both
        "c": False,  # as accurate as a, and more perplexity
    }


def test_the_front_is_that_of_every_naive_comparison():
    rng = np.random.default_rng(0)
    names = [f"a{number}" for number in range(60)]
    rows = [cell("wanda", name) for name in names]
    accuracies = [(round(rng.uniform(), 1),) for _ in names]
    found = pareto(tables(rows, np.round(rng.uniform(5, 9, 60), 1), accuracies)[0])
    points = found[["perplexity", "accuracy"]].to_numpy()
    for (one, two), front in zip(points, found["front"], strict=True):
        as_good = (points[:, 0] <= one) & (points[:, 1] >= two)
        beaten = (as_good & ((points[:, 0] < one) | (points[:, 1] > two))).any()
        # Of several equal cells one stands for all.
        assert not (front and beaten)
    best = found[found["front"]]
    assert best["perplexity"].is_unique and len(best) > 2
