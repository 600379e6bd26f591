"""Which jobs of a run failed, and why (standard library only: parse time)."""

import re
from collections.abc import Callable
from contextlib import suppress

# The paragraph about a failed job, indented but for its heading.
ERROR = re.compile(r"^Error in (?:local)?rule \w+.*:\n((?: {4}.*\n)+)", re.MULTILINE)
# A disk with less room takes a log no more.
FULL_BYTES = 2**20
FINISHED = re.compile(r"^Finished jobid: (\d+)", re.MULTILINE)


def job_name(log: str) -> str:
    """The rule and what it worked on, from the path of its log: "prune_cell tiny/wanda/…"."""
    return log.split("logs/", 1)[-1].removesuffix(".log").replace("/", " ", 1)


def failed_jobs(report: str, read: Callable[[str], str], free: Callable[[str], int]) -> list[str]:
    """One line per job that failed and was not made good: its name, the reason, its log's path.

    Args:
        report: the log of the whole run.
        read: path of a job's log → its text; raises OSError where there is none.
        free: path of a job's log → bytes that its disk has left; raises OSError likewise.
    """
    finished, found = set(FINISHED.findall(report)), {}
    for body in ERROR.findall(report):
        # An executor may name a log of its own behind the job's.
        told = dict(re.findall(r"^ {4}(jobid|log): ([^\s,]+)", body, re.MULTILINE))
        if "log" in told and told.get("jobid") not in finished:
            found[told["log"]] = _reason(told["log"], read, free)
    return list(found.values())


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
