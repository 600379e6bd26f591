"""Segments: Fisher's partition against every partition there is, and means inside segments."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from find_segments import segments_from
from heavytail.allocation import segments
from heavytail.config.segments import read_segments
from heavytail.io.files import write_json


def within(values: np.ndarray, partition: list[list[int]]) -> float:
    return sum(((values[run] - values[run].mean()) ** 2).sum() for run in partition)


def partitions(n: int, count: int):
    for cuts in itertools.combinations(range(1, n), count - 1):
        edges = [0, *cuts, n]
        yield [list(range(a, b)) for a, b in itertools.pairwise(edges)]


@given(st.lists(st.floats(-50, 50), min_size=1, max_size=9), st.data())
def test_no_partition_is_better_than_fishers(values, data):
    values = np.array(values)
    count = data.draw(st.integers(1, len(values)))
    found = segments.fisher_partition(values, count)
    assert len(found) == count and list(itertools.chain(*found)) == list(range(len(values)))
    best = min(within(values, partition) for partition in partitions(len(values), count))
    # Running sums of values up to 50 lose about 1e-12 of a sum of squares.
    assert within(values, found) <= best + 1e-9


def test_blocks_that_are_alike_come_together():
    similarity = np.kron(np.eye(2), np.ones((3, 3))) + 0.1 * np.eye(6)
    similarity[:3, :3] += 1
    assert segments.find_segments(similarity, 2) == [[0, 1, 2], [3, 4, 5]]


def test_ratios_are_averaged_projection_by_projection():
    matrices = [(block, p) for block in range(4) for p in ("q_proj", "up_proj")]
    ratios = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.9, 0.8])
    found = segments.averaged(ratios, dict.fromkeys(matrices, 7), [[0, 1, 2], [3]])
    assert np.allclose(found, [0.3, 0.4, 0.3, 0.4, 0.3, 0.4, 0.9, 0.8])


def test_the_experts_of_a_block_count_as_their_parameters_do():
    names = ("up_proj.0", "up_proj.1", "up_proj.shared")
    matrices = [(0, "up_proj"), *((1, name) for name in names)]
    ratios, sizes = np.array([0.5, 0.2, 0.4, 0.6]), (900, 10, 10, 20)
    found = segments.averaged(ratios, dict(zip(matrices, sizes, strict=True)), [[0, 1]])
    assert np.allclose(found, (0.5 + (0.2 + 0.4 + 2 * 0.6) / 4) / 2)


def test_a_table_of_another_number_of_blocks_is_refused():
    with pytest.raises(ValueError, match="segments: found a table of 3 blocks, expected 4"):
        segments.check_blocks([[0, 1], [2]], 4)


@pytest.mark.parametrize("table", [[], [[]], [[0], [2]], [[1], [0]], [0, 1], {"a": 1}, [["0"]]])
def test_a_table_that_is_none_names_its_file(tmp_path, table):
    write_json(tmp_path / "table.json", table)
    with pytest.raises(ValueError, match=r"table\.json: expected a list of lists of blocks"):
        read_segments(tmp_path / "table.json")


def test_segments_are_found_or_given(tmp_path):
    np.savetxt(tmp_path / "cka.csv", np.eye(3) + np.diag([5, 0, 0]), delimiter=",")
    measured = {"similarity": str(tmp_path / "cka.csv")}
    assert segments_from(measured, 2) == [[0], [1, 2]]
    with pytest.raises(ValueError, match=r"segments\.count: found 4, expected at most the 3"):
        segments_from(measured, 4)
    write_json(tmp_path / "table.json", [[0, 1], [2]])
    assert segments_from({"given": str(tmp_path / "table.json")}, 9) == [[0, 1], [2]]
