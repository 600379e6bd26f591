"""Successive halving: many candidates on little data, the better ones on twice as much."""

import math
from collections.abc import Callable
from typing import TypeVar

Candidate = TypeVar("Candidate")
# The first round has at least this share of the last one's data. On less, chance decides.
LEAST = 8


def halve(
    candidates: list[Candidate], budget: int, loss: Callable[[int, Candidate, int], float]
) -> Candidate:
    """The candidate that is left at the end (Jamieson and Talwalkar, arXiv 1502.07943).

    In each round the better half of the candidates, rounded up, goes on until one is left. The last
    round has the whole budget, and each earlier round half of the next one's. If there are more
    candidates than the rounds halve, the first round keeps as many as the others halve.

    Args:
        candidates: at least one.
        budget: the budget of the last round, in units of data.
        loss: (round, candidate, units of data) → its loss; nan counts as infinite.
    """
    rounds = math.ceil(math.log2(len(candidates)))
    rounds = min(rounds, 1 + math.floor(math.log2(min(LEAST, budget))))
    for number in range(rounds):
        later = rounds - 1 - number
        losses = [loss(number, candidate, budget >> later) for candidate in candidates]
        ranks = sorted(
            range(len(candidates)),
            key=lambda index: math.inf if math.isnan(losses[index]) else losses[index],
        )
        left = min(-(-len(candidates) // 2), 1 << later)
        # In their original order, so that of equal candidates the first one goes on.
        candidates = [candidates[index] for index in sorted(ranks[:left])]
    return candidates[0]
