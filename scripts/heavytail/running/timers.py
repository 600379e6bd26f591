"""Timers that a finished run leaves behind (standard library only: parse time)."""

import threading


def cancel_timers() -> None:
    """Cancel all timers of this process.

    Snakemake's scheduler starts one at each of its turns, lets the last ones run out, and only then
    ends.
    """
    for thread in threading.enumerate():
        if isinstance(thread, threading.Timer):
            thread.cancel()
