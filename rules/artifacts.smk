"""What a job that reads an artifact depends on, and when a temporary artifact is deleted."""

import logging

from snakemake.logging import logger
from snakemake_interface_logger_plugins.common import LogEvent

# As many jobs prune or read artifacts at once as the profile has of the resource `artifact`; those
# that read go first, and those of one cell together: so there are never more artifacts than that.
TEMPORARY = CONFIG["artifacts"] == "temporary"
ARTIFACT = {"artifact": 1} if TEMPORARY else {}


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


def prunes(job):
    """Whether a job makes an artifact."""
    return "artifact" in job.output.keys()


def reads(job):
    """Whether a job reads one."""
    return "artifact" in job.resources.keys() and not prunes(job)


class Deletion(logging.Handler):
    """Deletes temporary artifacts whose readers have all ended, before other jobs are started.

    Snakemake's temp() is no help: it keeps what a failed job was to read, and where a file is made
    again it repeats every job that reads it.
    """

    def __init__(self):
        super().__init__()
        self.pruned = set()

    def emit(self, record):
        if getattr(record, "event", None) == LogEvent.JOB_STARTED and workflow.is_main_process:
            self.sweep()

    def sweep(self):
        if not TEMPORARY or workflow.scheduler is None:
            return
        dag, scheduler = workflow.dag, workflow.scheduler
        for job in scheduler.running:
            self.pruned.update(filter(prunes, [job, *dag.job_dependencies(job)]))
        failed = {job for start in scheduler.failed for job in dag.bfs(dag.depending, start)}
        for job in list(self.pruned):
            readers = [j for j in dag.depending[job] if dag.needrun(j) and reads(j)]
            if readers and all(dag.finished(j) or j in failed for j in readers):
                self.pruned.remove(job)
                Path(job.output.artifact).unlink(missing_ok=True)


DELETION = Deletion()
if TEMPORARY:
    logger.addHandler(DELETION)
