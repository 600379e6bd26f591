"""Prune one cell and store it compactly; a killed run is resumed."""

from heavytail.io.files import scratch
from heavytail.pruning.origin import write_origin
from heavytail.running.jobs import run_once


def settings_of(job) -> dict:
    """How the cell is pruned, with the digest of the code."""
    return job.params.settings | {"code": job.params.digest}


def prune(job) -> None:
    """Write the artifact and its record."""
    import torch

    from heavytail.pruning.cell import prune_cell

    torch.set_num_threads(job.threads)
    budget = 2**20 * job.resources.get("activations_mb", float("inf"))
    files = (job.input.get(name) for name in ("model", "ratios", "calibration"))
    with scratch(job.output.artifact) as aside:
        # With temporary artifacts, the job that evaluates the cell writes its record.
        record = job.output.get("record") or str(aside / "record.json")
        prune_cell(*files, settings_of(job), budget, (job.output.artifact, record))


def describe(job) -> None:
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
