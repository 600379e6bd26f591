"""Which jobs of a run failed, and why (standard library only: parse time)."""

import re
from collections.abc import Callable

# The paragraph about a failed job, indented but for its heading.
ERROR = re.compile(r"^Error in (?:local)?rule \w+.*:\n((?: {4}.*\n)+)", re.MULTILINE)
FINISHED = re.compile(r"^Finished jobid: (\d+)", re.MULTILINE)


def job_name(log: str) -> str:
    """The rule and what it worked on, from the path of its log: "prune_cell tiny/wanda/…"."""
    return log.split("logs/", 1)[-1].removesuffix(".log").replace("/", " ", 1)


def failed_jobs(report: str, read: Callable[[str], str]) -> list[str]:
    """One line per job that failed and was not made good: its name, the reason, its log's path.

    Args:
        report: the log of the whole run.
        read: path of a job's log → its text; raises OSError where there is none.
    """
    finished, found = set(FINISHED.findall(report)), {}
    for body in ERROR.findall(report):
        told = dict(re.findall(r"^ {4}(jobid|log): (\S+)", body, re.MULTILINE))
        if "log" in told and told.get("jobid") not in finished:
            found[told["log"]] = _reason(told["log"], read)
    return list(found.values())


def _reason(log: str, read: Callable[[str], str]) -> str:
    """The last line of a failed job's log, which a killed job did not come to write."""
    name = job_name(log)
    try:
        last = read(log).rstrip().rpartition("\n")[2]
    except OSError:
        last = ""
    if last.startswith(f"{name}: "):
        return last
    return f"{name}: ended without a reason, as a killed job does (log: {log})"
