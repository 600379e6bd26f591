"""Which jobs of a run failed, and why (standard library only: parse time)."""

import logging
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

# Two of Snakemake's log events, which are strings; of jobs that finish --quiet leaves none.
STARTS, FAILED = "job_info", "job_error"
# A disk with less room takes a log no more.
FULL_BYTES = 2**20


class FailedJobs(logging.Handler):
    """Listens to a run's log events and keeps the jobs that failed and were not made good.

    Attributes:
        logs: number of a failed job → path of its log, in the order in which the jobs failed.
    """

    def __init__(self) -> None:
        """A listener that has heard nothing yet."""
        super().__init__()
        self.logs: dict[int, str] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Note what a record says of a job; a record of anything else changes nothing."""
        try:
            self._note(record)
        except (AttributeError, LookupError, TypeError):
            # Snakemake waits for ever for a job whose failure it could not report.
            self.handleError(record)

    def _note(self, record: Any) -> None:
        # Any: what Snakemake says of a job stands in attributes of its own.
        event = getattr(record, "event", None)
        if event == STARTS:
            # Again, where it failed: it is reported again if it fails again.
            self.logs.pop(record.jobid, None)
        # Of a group that failed every job is reported, indented, those that worked too.
        elif event == FAILED and record.log and not record.indent:
            # An executor may name a log of its own behind the job's.
            self.logs[record.jobid] = record.log[0]


def job_name(log: str) -> str:
    """The rule and what it worked on, from the path of its log: "prune_cell tiny/wanda/…"."""
    return log.split("logs/", 1)[-1].removesuffix(".log").replace("/", " ", 1)


def reasons(
    logs: Iterable[str], read: Callable[[str], str], free: Callable[[str], int]
) -> list[str]:
    """One line per failed job: its name, the reason, its log's path.

    Args:
        logs: paths of the failed jobs' logs.
        read: path of a job's log → its text; raises OSError where there is none.
        free: path of a job's log → bytes that its disk has left; raises OSError likewise.
    """
    return [_reason(log, read, free) for log in logs]


def _reason(log: str, read: Callable[[str], str], free: Callable[[str], int]) -> str:
    """The last line of a failed job's log, which a killed job or a full disk left unwritten."""
    name, last, likely = job_name(log), "", "as a killed job does"
    with suppress(OSError):
        last = read(log).rstrip().rpartition("\n")[2]
    if last.startswith(f"{name}: "):
        return last
    with suppress(OSError):
        if (left := free(log)) < FULL_BYTES:
            likely = f"as on a full disk: {left} bytes are left"
    return f"{name}: ended without a reason, {likely} (log: {log})"
