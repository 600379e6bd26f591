"""At the end of a run that failed, print a line per failed job."""

from contextlib import suppress
from shutil import disk_usage

from snakemake.logging import logger

from heavytail.running import failures

# It listens to this run only: Snakemake removes it at the end of the run.
FAILED_JOBS = failures.FailedJobs()
logger.addHandler(FAILED_JOBS)


def near(log):
    """The log on this machine; one that a job elsewhere stored is fetched, if the store answers."""
    if not STORED:
        return Path(log)
    stored = workflow.storage_registry.default_storage_provider.object(log)
    path = stored.local_path()
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        # The plugins raise what their libraries raise.
        with suppress(Exception):
            stored.retrieve_object()
    return path


def failed_jobs():
    """One line per job of this run that failed: its name, the reason, the path of its log."""
    return failures.reasons(
        FAILED_JOBS.logs.values(),
        lambda log: near(log).read_text(encoding="utf-8"),
        lambda log: disk_usage(near(log).parent).free,
    )
