"""Every move of the search keeps the number of weights and stays within the levels."""

import numpy as np
import pytest

from heavytail.evaluation.search import evolution
from heavytail.evaluation.search.evolution import Space, entrants, space_of

MATRICES = [
    (0, "q_proj"),
    (0, "v_proj"),
    (0, "up_proj"),
    (1, "q_proj"),
    (1, "v_proj"),
    (1, "up_proj"),
]
# Of unequal sizes, some no multiple of others.
SIZES = np.array([1024, 1024, 3072, 3100, 9216, 9216], dtype=np.int64)


def space(levels: int = 8, bounds: tuple[float, float] = (0.0, 1.0)) -> Space:
    ratios = np.array([0.5, 0.9, 0.6, 0.7, 0.75, 0.68])
    return space_of(MATRICES, ratios, SIZES, 0.7, levels, bounds)


def assert_fits(one: Space, moved: np.ndarray, least: float, most: float) -> None:
    assert moved.sum() == 0, "as many weights go as before"
    ratios = one.ratios(moved)
    assert ratios @ SIZES / SIZES.sum() == pytest.approx(0.7, abs=1e-12)
    assert least - 1e-12 <= ratios.min() and ratios.max() <= most + 1e-12


def test_the_search_begins_with_the_given_ratios():
    ratios = np.array([0.7, 0.8, 0.7, 0.6, 0.7, 0.7])
    ratios += 0.7 - ratios @ SIZES / SIZES.sum()
    begun = space_of(MATRICES, ratios, SIZES, 0.7, 8)
    assert begun.ratios(np.zeros(6)) == pytest.approx(ratios, abs=1e-9)


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


def test_a_switch_is_of_two_matrices_two_blocks_or_two_projections():
    one, zero = space(), np.zeros(6, dtype=np.int64)
    assert one.levels.tolist() == [32, 32, 96, 96, 288, 288]
    random, kinds = np.random.default_rng(1), []
    for _ in range(300):
        moved = one.switched(zero, random)
        more, less = (np.flatnonzero(sign * moved > 0) for sign in (1, -1))
        pairs = [(MATRICES[a], MATRICES[b]) for a, b in zip(more, less, strict=True)]
        for a, b in zip(more, less, strict=True):
            assert moved[a] == -moved[b] == min(one.levels[a], one.levels[b])
        alike = [{a[axis] == b[axis] for a, b in pairs} for axis in (0, 1)]
        sides = [{a[axis] for a, _ in pairs} for axis in (0, 1)]
        if len(pairs) == 1:
            kinds.append("matrices")
        elif alike == [{True}, {False}]:
            kinds.append("projections")
            assert len(pairs) == 2 and len(sides[1]) == 1
        else:
            kinds.append("blocks")
            assert alike == [{False}, {True}] and len(pairs) == 3 and len(sides[0]) == 1
    shares = [kinds.count(kind) / 300 for kind in ("matrices", "blocks", "projections")]
    # Six standard deviations of a share of 300 draws.
    assert shares == pytest.approx([1 / 3] * 3, abs=0.17)


def test_a_wide_switch_leaves_out_pairs_that_would_leave_the_levels():
    one, random = space(3, (0.65, 1.0)), np.random.default_rng(3)
    moved, pairs = np.zeros(6, dtype=np.int64), []
    for _ in range(200):
        before, moved = moved, one.switched(moved, random)
        assert_fits(one, moved, 0.65, 0.79375)
        # Of each projection in both blocks; between two blocks nothing goes to another projection.
        first, second = (moved - before).reshape(2, 3)
        if np.array_equal(first, -second) and len(set(np.sign(first[first != 0]))) == 1:
            pairs.append(np.count_nonzero(first))
    assert pairs.count(2), "between two blocks, with a projection that had no room"


def test_a_model_whose_blocks_have_nothing_in_common_switches_matrices():
    matrices = [(block, f"own{block}") for block in range(6)]
    one = space_of(matrices, np.full(6, 0.7), SIZES, 0.7, 8)
    random = np.random.default_rng(4)
    for _ in range(50):
        assert np.count_nonzero(one.switched(np.zeros(6, dtype=np.int64), random)) == 2


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
    fixed = space_of(MATRICES, np.full(6, 0.7), SIZES, 0.7, 8, (0.699, 0.701))
    zero = np.zeros(6, dtype=np.int64)
    assert not fixed.movable(zero) and space().movable(zero)
    with pytest.raises(ValueError, match=r"^allocations.NAME.levels: .* wider bounds$"):
        fixed.child(zero, np.random.default_rng(0))


def test_a_probe_is_a_level_more_or_less_where_there_is_more_room(monkeypatch):
    one, random = space(), np.random.default_rng(5)
    moved = np.zeros(6, dtype=np.int64)
    # The second has no room, the fourth a third of a level.
    moved[1], moved[3] = one.high[1], one.high[3] - 32
    places, amounts = one.probes(moved, random)
    assert places.tolist() == [*range(6)]
    assert amounts.tolist() == [32, -32, 96, -96, 288, 288]
    monkeypatch.setattr(evolution, "PROBES", 4)
    drawn = [one.probes(moved, random) for _ in range(50)]
    assert {place for places, _ in drawn for place in places} == {*range(6)}
    for places, some in drawn:
        assert len(places) == 4 and (np.diff(places) > 0).all()
        assert (some == amounts[places]).all()


def even(bounds: tuple[float, float] = (0.0, 1.0)) -> Space:
    """Six matrices alike, with levels of 100 weights."""
    return space_of(MATRICES, np.full(6, 0.7), np.full(6, 3200), 0.7, 8, bounds)


def test_a_step_takes_from_the_cheap_and_spares_the_dear():
    one, zero = even(), np.zeros(6, dtype=np.int64)
    costs = np.array([5.0, np.inf, -1.0, 2.0, 3.0, 4.0])
    moved = one.step(zero, np.arange(6), costs, 2.0)
    # Ranks 4, 5, 0, 1, 2, 3 of six, two levels at most.
    assert moved.tolist() == [-120, -200, 200, 120, 40, -40]
    some = one.step(moved, np.array([0, 4, 5]), np.array([1.0, 2.0, 3.0]), 1.0)
    assert (some - moved).tolist() == [100, 0, 0, 0, 0, -100]
    alike = one.step(zero, np.arange(6), np.array([1.0, 1.0, 1.0, 1.0, 2.0, 0.0]), 1.0)
    assert alike.tolist() == [0, 0, 0, 0, -100, 100]
    assert not one.step(zero, np.arange(6), np.full(6, np.inf), 1.0).any()


def test_what_a_bound_cuts_off_a_step_all_others_share():
    # Two levels of 100 weights would go from the dearest; there is room for 32.
    moved = even((0.69, 1.0)).step(
        np.zeros(6, dtype=np.int64), np.arange(6), np.arange(6.0), levels=2.0
    )
    # By ranks 200, 120, 40, -40, -120, -200; four end at -32, and the others give up 96 each.
    assert moved.tolist() == [104, 24, -32, -32, -32, -32]


@pytest.mark.parametrize(("levels", "bounds"), [(8, (0.0, 1.0)), (3, (0.65, 1.0))])
def test_no_step_leaves_the_levels_the_bounds_or_the_target(levels, bounds):
    one, moved = space(levels, bounds), np.zeros(6, dtype=np.int64)
    random, low = np.random.default_rng(6), max(0.7 - levels / 32, bounds[0])
    for _ in range(100):
        moved = one.step(moved, np.arange(6), random.normal(size=6), random.choice([0.25, 2, 9]))
        assert_fits(one, moved, low, 0.7 + levels / 32)
        assert np.count_nonzero(moved)


def test_no_round_costs_more_than_the_first():
    assert entrants(64, [2048, 16384, 65536]) == [64, 8, 2], "as published"
    assert entrants(16, [512, 8192]) == [16, 1], "as published, the fast form"
    assert entrants(2, [10, 1000]) == [2, 1]
