"""Weights on their way to the device while those before them are in use."""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

import torch

Item = TypeVar("Item")
Weights = dict[str, torch.Tensor]


def filled_ahead(
    items: Iterable[Item],
    room: Callable[[Item], Weights],
    fill: Callable[[Item, Weights], None],
    device: torch.device,
) -> Generator[Weights]:
    """`room(item)` of each item in turn, filled while the caller uses the one before.

    Two rooms exist at a time, if the caller lets go of one before asking for the next.

    Args:
        items: in the order in which the caller wants them.
        room: makes tensors on the device whose content does not matter.
        fill: gives them their content; called in a thread on one core, on a GPU also in a stream
            of its own, so that neither waits for what the caller computes.
        device: where the rooms are.

    Raises: what `fill` raises, when its item's turn has come.
    """
    beside, threads = _Beside(device), torch.get_num_threads()
    coming: deque[Callable[[], Weights]] = deque()
    try:
        # The setting holds for the thread that makes it, and for those that start later.
        with ThreadPoolExecutor(1, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            for item in items:
                # No name for the room: it would keep weights that the caller has replaced.
                coming.append(_begun(pool, beside, room(item), partial(fill, item)))
                if len(coming) > 1:
                    yield coming.popleft()()
            while coming:
                yield coming.popleft()()
    finally:
        torch.set_num_threads(threads)
        beside.join()


class _Beside:
    """Work beside what the caller computes: in a stream for copies, where the device has any."""

    def __init__(self, device: torch.device):
        """Make the stream."""
        self._copies = torch.cuda.Stream(device) if device.type == "cuda" else None

    def mark(self) -> torch.cuda.Event | None:
        """The end of what the caller has begun to compute."""
        return torch.cuda.current_stream().record_event() if self._copies else None

    def run(
        self, after: torch.cuda.Event | None, work: Callable[[], None]
    ) -> torch.cuda.Event | None:
        """Begin work that waits for a mark, and return the end of it; None when it is done."""
        if not self._copies or not after:
            work()
            return None
        with torch.cuda.stream(self._copies):
            self._copies.wait_event(after)
            work()
            return self._copies.record_event()

    def wait(self, end: torch.cuda.Event | None) -> None:
        """Let what the caller computes from now on wait for that end; the caller does not wait."""
        if end:
            torch.cuda.current_stream().wait_event(end)

    def join(self) -> None:
        """Likewise for everything that was begun, whether or not the caller asked for it."""
        if self._copies:
            torch.cuda.current_stream().wait_stream(self._copies)


def _begun(
    pool: ThreadPoolExecutor, beside: _Beside, weights: Weights, fill: Callable[[Weights], None]
) -> Callable[[], Weights]:
    """Begin to fill; what this returns gives the weights to the caller once they are whole."""
    # The room's memory may be in use until the mark: the allocator knows the caller's stream only.
    begun = pool.submit(beside.run, beside.mark(), partial(fill, weights))

    def arrived() -> Weights:
        beside.wait(begun.result())
        return weights

    return arrived
