"""Requests packed into rows: what several have in common at their beginning stands there once."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile

# Two requests share a row if that saves this part of the second.
WORTH = 0.25
# Branches of a row, together: each token is compared with all of its row, also of other branches.
BRANCH_TOKENS = 512
# The rest of a row in a batch may be padding.
FILLED = 0.8


@dataclass(frozen=True)
class Row:
    """A beginning, then what follows it in each of its requests."""

    tokens: list[int]
    positions: list[int]  # of each token in its own request
    branches: list[int]  # of each token: 0 in the beginning, then the number of the branch
    members: list[tuple[int, list[int]]]  # a request, and which tokens of the row are its own

    @property
    def shared(self) -> bool:
        """Whether a token has tokens before it that it must not see."""
        return len(self.members) > 1


def common_length(first: list[int], second: list[int]) -> int:
    """How many tokens two requests begin with alike."""
    pairs = zip(first, second, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def packed(requests: list[list[int]], longest: int) -> list[Row]:
    """Rows that hold every request once.

    Args:
        requests: token ids of each. Those that begin alike stand side by side, as the choices of a
            question do.
        longest: requests of more tokens have a row of their own.
    """
    rows, group, common = [], [0], len(requests[0])
    for number, tokens in enumerate(requests[1:], 1):
        begun = min(common, common_length(requests[group[0]], tokens))
        # A shorter beginning must be repeated in the branches that there are.
        saved = begun - (common - begun) * (len(group) - 1)
        follows = sum(len(requests[member]) - begun for member in [*group, number])
        fits = follows <= BRANCH_TOKENS and max(len(tokens), len(requests[group[0]])) <= longest
        if fits and saved >= WORTH * len(tokens):
            group.append(number)
            common = begun
        else:
            rows.append(_row(requests, group, common))
            group, common = [number], len(tokens)
    return [*rows, _row(requests, group, common)]


def _row(requests: list[list[int]], group: list[int], common: int) -> Row:
    """The row of requests whose first `common` tokens are the same."""
    tokens, positions = requests[group[0]][:common], list(range(common))
    branches, members = [0] * common, []
    for branch, number in enumerate(group, 1):
        own = requests[number][common:]
        start = len(tokens)
        members.append((number, [*range(common), *range(start, start + len(own))]))
        tokens = tokens + own
        positions.extend(range(common, common + len(own)))
        branches.extend([branch] * len(own))
    return Row(tokens, positions, branches, members)


def batches(rows: list[Row], budget: int) -> Iterator[list[Row]]:
    """Rows of one kind and of similar lengths, the longest first: at most `budget` tokens, padded.

    A row that is longer than the budget is a batch of its own.
    """
    for shared in (False, True):
        kind = [row for row in rows if row.shared == shared]
        kind.sort(key=lambda row: -len(row.tokens))
        while kind:
            longest = len(kind[0].tokens)
            batch = kind[: max(1, budget // longest)]
            batch = [row for row in batch if len(row.tokens) >= FILLED * longest]
            yield batch
            kind = kind[len(batch) :]
