"""Which jobs of a run failed, and why (standard library only: parse time)."""

import logging
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

# Two of Snakemake's log events, which are strings. (With --quiet there are none of finished jobs.)
STARTS, FAILED = "job_info", "job_error"
# What Snakemake says after the path of a log that goes through a storage provider.
STORED = " (send to storage)"
# On a disk with less free space, a log can no longer be written.
FULL_BYTES = 2**20


class FailedJobs(logging.Handler):
    """Listens to a run's log events, and keeps the jobs whose last attempt failed.

    Attributes:
        logs: number of a failed job → path of its log, in the order in which the jobs failed.
    """

    def __init__(self) -> None:
        """Start without failed jobs."""
        super().__init__()
        self.logs: dict[int, str] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Keep what a record says about a job; ignore every other record."""
        try:
            self._keep(record)
        except (AttributeError, LookupError, TypeError):
            # If this raised, Snakemake would wait forever for the job whose failure it reports.
            self.handleError(record)

    # Any: what Snakemake says about a job stands in attributes of its own.
    def _keep(self, record: Any) -> None:
        event = getattr(record, "event", None)
        if event == STARTS:
            # This may be another attempt. If it fails too, it is reported again.
            self.logs.pop(record.jobid, None)
        # If a group fails, Snakemake reports all of its jobs, indented, also those that succeeded.
        elif event == FAILED and record.log and not record.indent:
            # An executor may add a log of its own after the job's.
            self.logs[record.jobid] = record.log[0].removesuffix(STORED)


def job_name(log: str) -> str:
    """The rule and its wildcards, from the path of the log: "prune_cell tiny/wanda/…"."""
    return log.split("logs/", 1)[-1].removesuffix(".log").replace("/", " ", 1)


def reasons(
    logs: Iterable[str], read: Callable[[str], str], free: Callable[[str], int]
) -> list[str]:
    """One line per failed job: its name, the reason, the path of its log.

    Args:
        logs: paths of the failed jobs' logs.
        read: path of a job's log → its text; raises OSError if there is none.
        free: path of a job's log → free bytes on its disk; raises OSError in the same way.
    """
    return [_reason(log, read, free) for log in logs]


def _reason(log: str, read: Callable[[str], str], free: Callable[[str], int]) -> str:
    """The last line of a failed job's log, or a guess if the job could not write its reason."""
    name, last, guess = job_name(log), "", "as a killed job does"
    with suppress(OSError):
        last = read(log).rstrip().rpartition("\n")[2]
    if last.startswith(f"{name}: "):
        return last
    with suppress(OSError):
        if (left := free(log)) < FULL_BYTES:
            guess = f"as on a full disk: {left} bytes are left"
    return f"{name}: ended without a reason, {guess} (log: {log})"
