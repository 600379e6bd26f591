"""Work on several independent matrices at a time, each with its share of the threads."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch

Item = TypeVar("Item")
Result = TypeVar("Result")
# The bytes that all workers together may hold; a matrix that needs more has one worker alone.
BUDGET_BYTES = 2**31


def each(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    item_bytes: int,
    device: torch.device,
) -> Iterator[Result]:
    """The results of `function` in the order of the items.

    An eigenvalue solver gains little from a second thread, but two solvers at a time are twice as
    fast. The number of workers depends only on torch's threads and on `item_bytes`, so results are
    repeatable.

    Args:
        function: computes with torch.
        items: its arguments.
        item_bytes: the most bytes that one call holds.
        device: where it computes; a GPU is busy with one item, so there items go one by one.
    """
    if device.type != "cpu":
        yield from map(function, items)
        return
    threads = torch.get_num_threads()
    workers = max(1, min(threads, BUDGET_BYTES // item_bytes))
    share = threads // workers
    try:
        # The setting is valid for the thread that makes it, and for threads that start later.
        with ThreadPoolExecutor(workers, "", torch.set_num_threads, (share,)) as pool:
            yield from pool.map(function, items)
    finally:
        torch.set_num_threads(threads)
