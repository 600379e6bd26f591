"""Log the progress of long loops."""

import logging
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

log = logging.getLogger(__name__)
Item = TypeVar("Item")


def counted(noun: str, items: Iterable[Item], total: int) -> Iterator[Item]:
    """Yield the items, and log "{noun} k of n, t s" after the body of the loop has finished one.

    Args:
        noun: what an item is called.
        items: in the order of the loop.
        total: their number.
    """
    for number, item in enumerate(items, 1):
        start = time.monotonic()
        yield item
        log.info("%s %d of %d, %.1f s", noun, number, total, time.monotonic() - start)


@contextmanager
def uncounted() -> Iterator[None]:
    """Let no loop be counted meanwhile, such as many short ones inside a long one."""
    level = log.level
    log.setLevel(logging.WARNING)
    try:
        yield
    finally:
        log.setLevel(level)
