"""Successive halving: the best of candidates in a fixed order is found, for its price."""

import math

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
    assert len(rounds) == math.ceil(math.log2(len(losses)))
    for before, after in zip([len(losses), *sizes], sizes, strict=False):
        assert after in (before, -(-before // 2))
    if rounds:
        assert rounds[-1][1] == budget and sizes[-1] == 2
        assert all(1 <= units <= budget for _, units in rounds)


def test_a_loss_that_is_no_number_loses():
    assert halve(["a", "b", "c"], 8, lambda _, name, __: {"c": 9.0}.get(name, math.nan)) == "c"


def test_later_rounds_decide_on_more():
    """What is best on little data does not win against what is best on all."""

    def loss(_number: int, name: str, units: int) -> float:
        return {"early": 1.0, "late": 2.0 - units / 8, "bad": 9.0, "worse": 10.0}[name]

    assert halve(["early", "late", "bad", "worse"], 16, loss) == "late"


def test_one_candidate_needs_no_trial():
    assert halve(["only"], 4, lambda *_: pytest.fail("a trial")) == "only"
