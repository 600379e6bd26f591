"""What a job that reads an artifact depends on, and when a temporary artifact is deleted."""

import atexit
import logging

from snakemake.logging import logger
from snakemake_interface_logger_plugins.common import LogEvent

# As many jobs prune or read artifacts at once as the profile has of the resource `artifact`; those
# that read go first, and those of one cell together: so there are never more artifacts than that.
TEMPORARY = CONFIG["artifacts"] == "temporary"
ARTIFACT = {"artifact": 1} if TEMPORARY else {}

if (
    TEMPORARY
    and workflow.is_main_process
    and "artifact" not in workflow.resource_settings.resources
):
    sys.exit(
        "config: artifacts: temporary needs a limit of artifacts at once and found none (--resources "
        "takes the place of the profile's): add --resources artifact=2"
    )


def origin_of(subject):
    """What a cell was pruned from; nothing for a dense model.

    Readers of an artifact depend on this and not on the artifact: it stays, and is the same when
    the cell is pruned again, so that an artifact may be deleted and made again.
    """
    model, _, cell = subject.partition("/")
    return [] if cell in ("", DENSE) else f"results/pruned/{subject}.origin.json"


@cache
def turns():
    """{model}/{cell} → priority of the jobs that read it, higher the earlier in the tables."""
    subjects = [f"{row['model']}/{row['cell']}" for row in rows()]
    return {subject: turn for turn, subject in enumerate(reversed(subjects), 1)}


def turn_of(wildcards):
    """The priority of a job that reads a cell, which its wildcards name in one of three ways."""
    named = dict(wildcards.items())
    cell = named.get("cell") or ("method" in named and CELL.format(**named))
    return turns().get(named.get("subject") or f"{named['model']}/{cell}", 0)


TURN = turn_of if TEMPORARY else 0


def spectra_threads(wildcards):
    """One for a temporary cell: a reader that takes more than a pruning would be overtaken by it."""
    return 1 if TEMPORARY and "/" in wildcards.subject else 8


def prunes(job):
    """Whether a job makes an artifact."""
    return "artifact" in job.output.keys()


def reads(job):
    """Whether a job reads one."""
    return "artifact" in job.resources.keys() and not prunes(job)


class Deletion(logging.Handler):
    """Deletes temporary artifacts whose readers have all ended, before other jobs are started.

    First of all those that nothing is to read, which an earlier run or config has left.

    Snakemake's temp() is no help: it keeps what a failed job was to read, and where a file is made
    again it repeats every job that reads it.
    """

    def __init__(self):
        super().__init__()
        self.folder = Path.cwd()
        self.pruned = None

    def emit(self, record):
        if getattr(record, "event", None) == LogEvent.JOB_STARTED:
            self.sweep()

    def sweep(self):
        if workflow.scheduler is None or workflow.dryrun or workflow.touch:
            return
        dag, scheduler = workflow.dag, workflow.scheduler
        if self.pruned is None:
            self.pruned = set()
            for job in filter(prunes, dag.jobs):
                if not dag.needrun(job) and not self.readers(job):
                    self.delete(job)
        for job in scheduler.running:
            self.pruned.update(filter(prunes, [job, *dag.job_dependencies(job)]))
        failed = {job for start in scheduler.failed for job in dag.bfs(dag.depending, start)}
        for job in list(self.pruned):
            readers = self.readers(job)
            if (readers or dag.finished(job)) and all(
                dag.finished(j) or j in failed for j in readers
            ):
                self.pruned.remove(job)
                self.delete(job)

    def readers(self, job):
        """The jobs of this run that read what a job makes."""
        return [j for j in workflow.dag.depending[job] if workflow.dag.needrun(j) and reads(j)]

    def delete(self, job):
        """Delete a job's artifact, unless a target or a user's own rule asks for it by name."""
        artifact, dag = job.output.artifact, workflow.dag
        if not any(artifact in files for files in [dag.targetfiles, *dag.depending[job].values()]):
            (self.folder / artifact).unlink(missing_ok=True)


if TEMPORARY and workflow.is_main_process:
    DELETION = Deletion()
    logger.addHandler(DELETION)
    # The last readers end after the last job was started; a module's onsuccess is never called.
    atexit.register(DELETION.sweep)
