"""What is written for paired comparisons comes back row by row."""

import numpy as np
import pytest

from heavytail.evaluation.paired import read_paired, write_paired

LOSSES = [[2.5, None, 3.0], [1.0], *([[float(row)] for row in range(2, 12)])]


@pytest.mark.parametrize("tasks", [("a", "b"), ()])
def test_rows_keep_their_order_and_what_is_not_finite(tmp_path, tasks):
    path = str(tmp_path / "paired.npz")
    outcomes = [{task: [row % 2, 1, 0] for task in tasks} for row in range(12)] if tasks else []
    write_paired(path, LOSSES, outcomes)
    losses, right = read_paired(path)
    for found, expected in zip(losses, LOSSES, strict=True):
        np.testing.assert_array_equal(found, np.array(expected, dtype=float))
    assert [{task: own.tolist() for task, own in row.items()} for row in right] == outcomes
    first = (tmp_path / "paired.npz").read_bytes()
    write_paired(path, LOSSES, outcomes)
    assert (tmp_path / "paired.npz").read_bytes() == first
