"""What is written for paired comparisons comes back row by row."""

import numpy as np
import pytest

from heavytail.evaluation.paired import common_weights, read_paired, write_paired

# Of other tasks nothing is written.
WEIGHTS = {"a": 0.25, "b": 0.75}
LOSSES = [[2.5, None, 3.0], [1.0], *([[float(row)] for row in range(2, 12)])]


@pytest.mark.parametrize("tasks", [("a", "b"), ()])
def test_rows_keep_their_order_and_what_is_not_finite(tmp_path, tasks):
    path = str(tmp_path / "paired.npz")
    outcomes = [{task: [row % 2, 1, 0] for task in tasks} for row in range(12)] if tasks else []
    write_paired(path, LOSSES, outcomes, WEIGHTS)
    losses, right, weights = read_paired(path)
    for found, expected in zip(losses, LOSSES, strict=True):
        np.testing.assert_array_equal(found, np.array(expected, dtype=float))
    assert [{task: own.tolist() for task, own in row.items()} for row in right] == outcomes
    assert weights == WEIGHTS
    first = (tmp_path / "paired.npz").read_bytes()
    write_paired(path, LOSSES, outcomes, WEIGHTS)
    assert (tmp_path / "paired.npz").read_bytes() == first


def test_only_tasks_of_the_mean_are_kept_and_shares_stay_as_they_are(tmp_path):
    path = str(tmp_path / "paired.npz")
    write_paired(path, LOSSES[:1], [{"a": [0.5, 1], "c": [1, 0]}], {"a": 1.0})
    assert read_paired(path)[1][0]["a"].tolist() == [0.5, 1]
    assert list(read_paired(path)[1][0]) == ["a"]


def test_records_whose_means_are_over_other_tasks_are_refused():
    assert common_weights({}, WEIGHTS) == common_weights(WEIGHTS, WEIGHTS) == WEIGHTS
    with pytest.raises(ValueError, match="over other tasks"):
        common_weights(WEIGHTS, {"a": 1.0})
