"""What the charts of blocks and matrices show."""

import numpy as np
import pandas as pd
import pytest

from heavytail.report.layers import boundaries, fitted_tails, over_experts, projections, undecided

TABLE = {"method": "wanda", "sparsity": "0.7"}


def test_blocks_whose_matrices_share_a_ratio_have_one_row():
    even = [("gt", b, p, 0.6 + b / 10) for b in (0, 1) for p in ("q_proj", "k_proj")]
    own = [("by_matrix", 0, "q_proj", 0.5), ("by_matrix", 0, "k_proj", 0.9)]
    columns = ["allocation", "block", "projection", "ratio"]
    table = pd.DataFrame([*even[:2], *own, *even[2:]], columns=columns).assign(
        **TABLE, parameters=1
    )
    found = projections(table)
    assert list(dict.fromkeys(found["allocation"])) == ["gt", "by_matrix"], "in the table's order"
    gt = found[found["allocation"] == "gt"]
    assert gt[["block", "projection", "ratio"]].to_numpy().tolist() == [
        [0, "all", 0.6],
        [1, "all", 0.7],
    ]
    others = found[found["allocation"] == "by_matrix"]
    assert others[["projection", "ratio"]].to_numpy().tolist() == [["q_proj", 0.5], ["k_proj", 0.9]]


def test_segments_end_between_blocks():
    found = boundaries({"own": [[0, 1], [2, 3, 4]]})
    assert found["after"].tolist() == pytest.approx([1.5, np.nan], nan_ok=True)
    assert found[["first", "last"]].to_numpy().tolist() == [[0, 1], [2, 4]]


def test_the_line_of_a_tail_has_the_tail_s_mass():
    """Its density, integrated from the start on, is the share of eigenvalues in the tail."""
    tail = {"matrix": "0.q_proj", "alpha": 2.5, "start": 2.0, "share": 0.3, "largest": 50.0}
    found = fitted_tails(pd.DataFrame([tail, tail | {"alpha": np.nan}]))
    assert found["eigenvalue"].tolist() == [2.0, 50.0]
    slope = np.diff(np.log(found["density"])) / np.diff(np.log(found["eigenvalue"]))
    assert slope[0] == pytest.approx(-2.5)
    x = np.geomspace(2, 2e6, 200_001)
    density = found["density"].iloc[0] * (x / 2) ** -2.5
    assert np.trapezoid(density, x) == pytest.approx(0.3, rel=1e-6)


def test_a_peak_is_undecided_where_several_bins_are_as_full():
    tails = pd.DataFrame({"model": "m", "subject": "dense", "fullest": [1.0, 2.0, 3.0, np.nan]})
    row = undecided(tails).iloc[0]
    assert (row["matrices"], row["undecided"]) == (4, 2)


def test_the_experts_of_a_block_are_one_line_and_the_shared_one_another():
    names = ["up_proj.0", "up_proj.1", "up_proj.shared", "q_proj.a"]
    found = over_experts(
        pd.DataFrame({"block": 3, "projection": names, "value": [1.0, 2.0, 9.0, 5.0]}), "value"
    )
    assert dict(zip(found["projection"], found["value"], strict=True)) == {
        "up_proj": 1.5,
        "up_proj.shared": 9.0,
        "q_proj.a": 5.0,
    }


def test_a_table_without_experts_stays_as_it_is():
    table = pd.DataFrame({"block": [0, 0], "projection": ["q_proj", "q_proj"], "value": [1.0, 2.0]})
    assert over_experts(table, "value") is table
