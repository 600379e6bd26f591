"""Prune one cell and store it compactly, resuming a killed run."""

from heavytail.pruning.origin import write_origin
from heavytail.running.jobs import run_once


def settings_of(job) -> dict:
    """How the cell is pruned; it changes when the code does."""
    return job.params.settings | {"code": job.params.digest}


def prune(job) -> None:
    """Write the artifact and its record."""
    import torch

    from heavytail.pruning.cell import prune_cell

    torch.set_num_threads(job.threads)
    prune_cell(
        job.input.model,
        job.input.ratios,
        job.input.get("calibration"),
        settings_of(job),
        2**20 * job.resources.get("activations_mb", float("inf")),
        (job.output.artifact, job.output.record),
    )


def describe(job) -> None:
    """Write what the cell was pruned from."""
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
