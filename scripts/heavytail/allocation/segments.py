"""Segments: contiguous runs of similar blocks, found and used."""

import numpy as np


def fisher_partition(values: np.ndarray, count: int) -> list[list[int]]:
    """Cut a sequence into the runs with the least sum of squares within them (Fisher 1958).

    Args:
        values: float64 [n].
        count: number of runs, from 1 to n.

    Returns:
        The positions of each run; of equally good partitions the one whose last runs begin first.
    """
    n = len(values)
    # Away from their mean, so that differences of running sums keep their digits.
    centred = values - values.mean()
    sums = np.concatenate([[0.0], np.cumsum(centred)])
    squares = np.concatenate([[0.0], np.cumsum(centred**2)])

    def within(start: int, end: int) -> float:
        total = sums[end] - sums[start]
        return squares[end] - squares[start] - total**2 / (end - start)

    best = np.full((count + 1, n + 1), np.inf)
    best[0, 0] = 0.0
    begins = np.zeros((count + 1, n + 1), dtype=int)
    for runs in range(1, count + 1):
        for end in range(runs, n + 1):
            costs = [best[runs - 1, s] + within(s, end) for s in range(runs - 1, end)]
            begins[runs, end] = runs - 1 + int(np.argmin(costs))
            best[runs, end] = min(costs)
    found: list[list[int]] = []
    end = n
    for runs in range(count, 0, -1):
        found.insert(0, list(range(begins[runs, end], end)))
        end = begins[runs, end]
    return found


def find_segments(similarity: np.ndarray, count: int) -> list[list[int]]:
    """Fisher's partition of how similar each block is to all: row sums of the CKA matrix [n, n]."""
    return fisher_partition(similarity.sum(axis=1), count)


def check_blocks(segments: list[list[int]], blocks: int) -> None:
    """Raise ValueError, naming the config key, when the segments are of more or fewer blocks."""
    found = segments[-1][-1] + 1
    if found != blocks:
        raise ValueError(f"segments: found a table of {found} blocks, expected {blocks}")


def averaged(
    ratios: np.ndarray, matrices: list[tuple[int, str]], segments: list[list[int]]
) -> np.ndarray:
    """The plain mean over each segment's blocks, projection by projection.

    Args:
        ratios: float64 [matrices].
        matrices: (block, projection) of each.
        segments: of all blocks.
    """
    segment_of = {block: number for number, run in enumerate(segments) for block in run}
    keys = [(segment_of[block], projection) for block, projection in matrices]
    means = {key: ratios[[k == key for k in keys]].mean() for key in dict.fromkeys(keys)}
    return np.array([means[key] for key in keys])
