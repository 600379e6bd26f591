"""Segments, which are contiguous runs of similar blocks: find them and average over them."""

import numpy as np

from heavytail.projections import Matrix, projection_of


def fisher_partition(values: np.ndarray, count: int) -> list[list[int]]:
    """Cut a sequence into runs such that the sum of squares within them is least (Fisher 1958).

    Args:
        values: float64 [n].
        count: the number of runs, from 1 to n.

    Returns:
        The positions of each run. If several partitions are equally good, it is the one whose last
        runs begin first.
    """
    n = len(values)
    # The mean is subtracted so that differences of running sums keep their digits.
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
    """Fisher's partition of the row sums of the CKA matrix [n, n], a block's similarity to all."""
    return fisher_partition(similarity.sum(axis=1), count)


def check_blocks(segments: list[list[int]], blocks: int) -> None:
    """Raise ValueError, which names the config key, if the segments do not have so many blocks."""
    found = segments[-1][-1] + 1
    if found != blocks:
        raise ValueError(f"segments: found a table of {found} blocks, expected {blocks}")


def averaged(ratios: np.ndarray, sizes: dict[Matrix, int], segments: list[list[int]]) -> np.ndarray:
    """The unweighted mean over the blocks of each segment, projection by projection.

    A projection of a mixture first has the mean over the experts of a block, weighted.

    Args:
        ratios: float64 [matrices].
        sizes: (block, name) of each ratio → its parameters.
        segments: the segments of all blocks.
    """
    own: dict[tuple[int, str], list[int]] = {}
    for number, (block, name) in enumerate(sizes):
        own.setdefault((block, projection_of(name)), []).append(number)
    weights = np.array(list(sizes.values()))
    of_block = {
        key: np.average(ratios[numbers], weights=weights[numbers])
        if len(numbers) > 1
        else ratios[numbers[0]]
        for key, numbers in own.items()
    }
    segment_of = {block: number for number, run in enumerate(segments) for block in run}
    blocks: dict[tuple[int, str], list[float]] = {}
    for (block, projection), ratio in of_block.items():
        blocks.setdefault((segment_of[block], projection), []).append(ratio)
    means = {key: np.array(found).mean() for key, found in blocks.items()}
    return np.array([means[segment_of[block], projection_of(name)] for block, name in sizes])
