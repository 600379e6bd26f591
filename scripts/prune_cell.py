"""Prune one cell and store it compactly; a killed run is resumed."""

from heavytail.io.files import scratch
from heavytail.pruning.origin import write_origin
from heavytail.pruning.settings import PruneSettings
from heavytail.running.jobs import Job, run_once


def settings_of(job: Job) -> PruneSettings:
    """How the cell is pruned, with the digest of the code."""
    return job.params.settings | {"code": job.params.digest}


def prune(job: Job) -> None:
    """Write the artifact and its record."""
    import torch

    from heavytail.pruning.cell import prune_cell

    torch.set_num_threads(job.threads)
    budget = 2**20 * job.resources.get("activations_mb", float("inf"))
    calibration = job.input.get("calibration")
    with scratch(job.output.artifact) as aside:
        # With temporary artifacts, the job that evaluates the cell writes its record.
        record = job.output.get("record") or str(aside / "record.json")
        outputs = (job.output.artifact, record)
        files = job.input.model, job.input.ratios, calibration
        prune_cell(*files, settings_of(job), budget, outputs)


def describe(job: Job) -> None:
    """Write the origin: what the cell was pruned from."""
    if job.output.get("origin"):
        inputs = dict(job.input.items())
        write_origin(job.output.origin, inputs, settings_of(job), job.output.record)


if __name__ == "__main__":
    run_once(
        snakemake,
        prune,
        "calibration.samples or calibration.length, or, with within_block: exact, keep hidden "
        "states on disk: --set-resources prune_cell:activations_mb=1000",
        describe,
    )
