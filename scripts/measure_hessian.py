"""Measure the spectra of a model's loss Hessian and layer-input Hessians on frozen tokens."""

from heavytail.running.jobs import Job, run_once


def measure(job: Job) -> None:
    """Write the rule's output."""
    import torch

    from heavytail.diagnostics.hessians import measure_hessian

    torch.set_num_threads(job.threads)
    measure_hessian(
        job.input.model,
        job.input.calibration,
        job.params.settings,
        job.output.record,
        2**20 * job.resources.get("mem_mb", float("inf")),
    )


if __name__ == "__main__":
    run_once(snakemake, measure, "hessian.eigenvalues or calibration.length")
