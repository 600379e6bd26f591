"""At the end of a run that failed, print a line per failed job."""

from shutil import disk_usage

from snakemake.logging import logger

from heavytail.running import failures

# It listens to this run only: Snakemake removes it at the end of the run.
FAILED_JOBS = failures.FailedJobs()
logger.addHandler(FAILED_JOBS)


def failed_jobs():
    """One line per job of this run that failed: its name, the reason, the path of its log."""
    return failures.reasons(
        FAILED_JOBS.logs.values(),
        lambda log: Path(log).read_text(encoding="utf-8"),
        lambda log: disk_usage(Path(log).parent).free,
    )
