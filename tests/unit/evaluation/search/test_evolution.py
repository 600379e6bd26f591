"""Every move of the search keeps the number of weights and stays within the levels."""

import numpy as np
import pytest

from heavytail.evaluation.search.evolution import Space, entrants, space_of

# Of unequal sizes, some no multiple of others.
SIZES = np.array([1024, 1024, 3072, 3100, 9216, 9216], dtype=np.int64)


def space(levels: int = 8, bounds: tuple[float, float] = (0.0, 1.0)) -> Space:
    ratios = np.array([0.5, 0.9, 0.6, 0.7, 0.75, 0.68])
    return space_of(ratios, SIZES, 0.7, levels, bounds)


def assert_fits(one: Space, moved: np.ndarray, least: float, most: float) -> None:
    assert moved.sum() == 0, "as many weights go as before"
    ratios = one.ratios(moved)
    assert ratios @ SIZES / SIZES.sum() == pytest.approx(0.7, abs=1e-12)
    assert least - 1e-12 <= ratios.min() and ratios.max() <= most + 1e-12


def test_the_search_begins_with_the_given_ratios():
    ratios = np.array([0.7, 0.8, 0.7, 0.6, 0.7, 0.7])
    ratios += 0.7 - ratios @ SIZES / SIZES.sum()
    assert space_of(ratios, SIZES, 0.7, 8).ratios(np.zeros(6)) == pytest.approx(ratios, abs=1e-9)


@pytest.mark.parametrize(
    ("levels", "bounds", "least", "most"),
    [(8, (0.0, 1.0), 0.45, 0.95), (3, (0.65, 1.0), 0.65, 0.79375), (32, (0.0, 1.0), 0.0, 1.0)],
)
def test_no_child_leaves_the_levels_the_bounds_or_the_target(levels, bounds, least, most):
    one, moved = space(levels, bounds), np.zeros(6, dtype=np.int64)
    assert_fits(one, moved, least, most)
    random, seen = np.random.default_rng(0), []
    for _ in range(300):
        moved = one.child(moved, random)
        assert_fits(one, moved, least, most)
        seen.append(one.ratios(moved))
    if levels == 3:
        reached = np.array(seen)
        assert reached.max() > most - 0.02 and reached.min() < least + 0.02


def test_a_switch_moves_the_smaller_level_of_two_matrices():
    one, zero = space(), np.zeros(6, dtype=np.int64)
    assert one.levels.tolist() == [32, 32, 96, 96, 288, 288]
    random = np.random.default_rng(1)
    for _ in range(50):
        moved = one.switched(zero, random)
        more, less = moved.argmax(), moved.argmin()
        assert np.count_nonzero(moved) == 2
        assert moved[more] == -moved[less] == min(one.levels[more], one.levels[less])


def test_most_children_are_one_switch_away_and_none_more_than_three():
    one, random = space(), np.random.default_rng(2)
    zero = np.zeros(6, dtype=np.int64)
    calls: list[int] = []

    class Counting(Space):
        def switched(self, moved, random):
            calls[-1] += 1
            return super().switched(moved, random)

    counting = Counting(**vars(one))
    for _ in range(600):
        calls.append(0)
        counting.child(zero, random)
    # The lesser of two draws from 1 to 3 is 1, 2, 3 in 5, 3, 1 of 9 cases.
    shares = np.bincount(calls, minlength=4) / 600
    assert shares == pytest.approx([0, 5 / 9, 3 / 9, 1 / 9], abs=0.06)


def test_a_space_without_a_move_says_so():
    fixed = space_of(np.full(6, 0.7), SIZES, 0.7, 8, (0.699, 0.701))
    with pytest.raises(ValueError, match=r"^allocations.NAME.levels: .* wider bounds$"):
        fixed.child(np.zeros(6, dtype=np.int64), np.random.default_rng(0))


def test_no_round_costs_more_than_the_first():
    assert entrants(64, [2048, 16384, 65536]) == [64, 8, 2], "as published"
    assert entrants(16, [512, 8192]) == [16, 1], "as published, the fast form"
    assert entrants(2, [10, 1000]) == [2, 1]
