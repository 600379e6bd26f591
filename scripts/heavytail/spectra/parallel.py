"""Several independent matrices at a time, each on its share of the threads."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch

Item = TypeVar("Item")
Result = TypeVar("Result")
# What all workers together may hold; a matrix that needs more is worked on alone.
BUDGET_BYTES = 2**31


def each(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    item_bytes: int,
    device: torch.device,
) -> Iterator[Result]:
    """The results of `function` in the order of the items.

    An eigenvalue solver gains little from a second thread, two solvers side by side gain twofold.
    How many run depends on torch's threads and on `item_bytes` alone, so results are repeatable.

    Args:
        function: computes with torch.
        items: its arguments.
        item_bytes: what one call holds at most.
        device: where it computes; on a GPU, which is busy with one, items go one by one.
    """
    if device.type != "cpu":
        yield from map(function, items)
        return
    threads = torch.get_num_threads()
    workers = max(1, min(threads, BUDGET_BYTES // item_bytes))
    share = threads // workers
    try:
        # The setting holds for the thread that makes it, and for those that start later.
        with ThreadPoolExecutor(workers, "", torch.set_num_threads, (share,)) as pool:
            yield from pool.map(function, items)
    finally:
        torch.set_num_threads(threads)
