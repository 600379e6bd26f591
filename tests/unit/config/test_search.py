"""What a search costs, as rules ask for it before it runs."""

import pytest

from heavytail.config.search import tokens_of
from heavytail.evaluation.search.evolution import entrants


@pytest.mark.parametrize(
    ("population", "tokens"), [(16, [512, 8192]), (6, [12, 36]), (3, [100]), (2, [512, 700, 9000])]
)
def test_no_generation_costs_more_than_is_asked_for(population, tokens):
    rounds = [
        (count + (each == tokens[-1])) * each
        for count, each in zip(entrants(population, tokens), tokens, strict=True)
    ]
    whole, at_once = tokens_of({"population": population, "tokens": tokens})
    assert sum(rounds) <= whole <= 1.5 * sum(rounds)
    assert max(rounds) <= at_once <= 2 * max(rounds)
