"""Successive halving: many candidates on little data, the better half on twice as much."""

import math
from collections.abc import Callable
from typing import TypeVar

Candidate = TypeVar("Candidate")


def halve(
    candidates: list[Candidate], budget: int, loss: Callable[[int, Candidate, int], float]
) -> Candidate:
    """The candidate that is best in the end (Jamieson and Talwalkar, arXiv 1502.07943).

    Of n candidates the better half, rounded up, goes on until one is left; the last round has the
    whole budget, each before it half of the next one's.

    Args:
        candidates: at least one.
        budget: of the last round, in units of data.
        loss: (round, candidate, units of data) → what is to be small; nan counts as infinite.
    """
    rounds = math.ceil(math.log2(len(candidates)))
    for number in range(rounds):
        units = max(1, budget >> (rounds - 1 - number))
        losses = [loss(number, candidate, units) for candidate in candidates]
        ranks = sorted(
            range(len(candidates)),
            key=lambda place: math.inf if math.isnan(losses[place]) else losses[place],
        )
        # In their own order, so that ties go to the one that was named first.
        candidates = [candidates[place] for place in sorted(ranks[: -(-len(candidates) // 2)])]
    return candidates[0]
