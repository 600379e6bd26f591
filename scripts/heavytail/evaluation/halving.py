"""Successive halving: many candidates on little data, the better half on twice as much."""

import math
from collections.abc import Callable
from typing import TypeVar

Candidate = TypeVar("Candidate")


def halve(
    candidates: list[Candidate], budget: int, loss: Callable[[int, Candidate, int], float]
) -> Candidate:
    """The candidate that is left at the end (Jamieson and Talwalkar, arXiv 1502.07943).

    In each round the better half of the candidates, rounded up, goes on until one is left. The last
    round has the whole budget, and each earlier round half of the next one's.

    Args:
        candidates: at least one.
        budget: the budget of the last round, in units of data.
        loss: (round, candidate, units of data) → its loss; nan counts as infinite.
    """
    rounds = math.ceil(math.log2(len(candidates)))
    for number in range(rounds):
        units = max(1, budget >> (rounds - 1 - number))
        losses = [loss(number, candidate, units) for candidate in candidates]
        ranks = sorted(
            range(len(candidates)),
            key=lambda index: math.inf if math.isnan(losses[index]) else losses[index],
        )
        # In their original order, so that of equal candidates the first one goes on.
        candidates = [candidates[index] for index in sorted(ranks[: -(-len(candidates) // 2)])]
    return candidates[0]
