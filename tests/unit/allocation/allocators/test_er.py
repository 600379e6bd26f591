"""ER and ER-plus by hand, and bounds on any ratios."""

import numpy as np
import pytest

from heavytail.allocation.allocators import er, er_plus
from heavytail.allocation.target import shifted_to_target

SHAPES = {(0, "q_proj"): (2, 2), (0, "k_proj"): (2, 8), (1, "q_proj"): (4, 4)}
SIZES = {matrix: rows * columns for matrix, (rows, columns) in SHAPES.items()}


def kept(module, sparsity: float) -> np.ndarray:
    return 1 - module.ratios(SIZES, {"shapes": SHAPES, "sparsity": sparsity}, None)


def test_er_keeps_in_proportion_to_the_sides_over_the_size():
    # (2 + 2)/4, (2 + 8)/16, (4 + 4)/16 of 4, 16, 16 weights keep c (4 + 10 + 8) = 9 of 36.
    assert kept(er, 0.75) == pytest.approx(9 / 22 * np.array([1, 10 / 16, 8 / 16]))


def test_what_er_would_keep_more_than_once_stays_whole():
    # c = 27/22 makes the first whole; the others share 27 - 4 = 23 as 10 to 8.
    assert kept(er, 0.25) == pytest.approx([1, 23 / 18 * 10 / 16, 23 / 18 * 8 / 16])


def test_er_plus_keeps_the_last_matrix_whole():
    # 27 stay, 16 of them in the last; c (4 + 10) = 11.
    assert kept(er_plus, 0.25) == pytest.approx([11 / 14, 11 / 14 * 10 / 16, 1])
    line = r"^sparsity: found 0.6, expected below 0.5556: er_plus keeps 1.q_proj whole"
    with pytest.raises(ValueError, match=line):
        kept(er_plus, 0.6)


def test_bounds_fill_from_both_sides():
    weights = np.array([1, 1, 2])
    # Shifted by 0.05: 0.5 is at its bound, 1.0 at its own, and 0.7 takes what is left.
    found = shifted_to_target(np.array([0.2, 1.0, 0.7]), weights, 0.7, (0.5, 0.8))
    assert found == pytest.approx([0.5, 0.8, 0.75])
    assert shifted_to_target(found, weights, 0.7, (0.5, 0.8)) == pytest.approx(found)
