"""Successive halving: the best of candidates in a fixed order is found, for its price."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heavytail.evaluation.halving import halve


@given(st.lists(st.integers(0, 50), min_size=1, max_size=40), st.integers(1, 200))
def test_the_least_loss_wins_and_of_equals_the_first_named(losses, budget):
    calls = []

    def loss(number: int, place: int, units: int) -> float:
        calls.append((number, units))
        return losses[place]

    assert halve(list(range(len(losses))), budget, loss) == losses.index(min(losses))
    rounds = sorted(dict.fromkeys(calls))
    sizes = [calls.count(one) for one in rounds]
    assert len(rounds) <= min(math.ceil(math.log2(len(losses))), 4)
    for before, after in pairwise(sizes):
        # Only the first round cuts to less than half: to what the others halve.
        assert after == min(-(-before // 2), 2 ** (len(rounds) - 1))
    for (_, before), (_, after) in pairwise(rounds):
        assert after // 2 == before, "no candidate is tried twice on the same"
    if rounds:
        assert rounds[-1][1] == budget and sizes[0] == len(losses)
        assert sizes[-1] == 2 or len(rounds) == 1
        assert 8 * (rounds[0][1] + 1) > budget, "the first round has an eighth, rounded down"


def test_a_loss_that_is_no_number_loses():
    assert halve(["a", "b", "c"], 8, lambda _, name, __: {"c": 9.0}.get(name, math.nan)) == "c"


def test_later_rounds_decide_on_more():
    """What is best on little data does not win against what is best on all."""

    def loss(_number: int, name: str, units: int) -> float:
        return {"early": 1.0, "late": 2.0 - units / 8, "bad": 9.0, "worse": 10.0}[name]

    assert halve(["early", "late", "bad", "worse"], 16, loss) == "late"


def test_one_candidate_needs_no_trial():
    assert halve(["only"], 4, lambda *_: pytest.fail("a trial")) == "only"
