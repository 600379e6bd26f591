"""Long loops that say in the log how far they are."""

import logging
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

log = logging.getLogger(__name__)
Item = TypeVar("Item")


def counted(noun: str, items: Iterable[Item], total: int) -> Iterator[Item]:
    """The items; each is logged as "{noun} k of n, t s" once the loop's body is through with it.

    Args:
        noun: what an item is.
        items: in the order of the loop.
        total: their number.
    """
    for number, item in enumerate(items, 1):
        start = time.monotonic()
        yield item
        log.info("%s %d of %d, %.1f s", noun, number, total, time.monotonic() - start)
