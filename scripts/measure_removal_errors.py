"""Measure what every matrix of a dense model loses if half of its weights are removed."""

from heavytail.running.jobs import Job, run_once


def measure(job: Job) -> None:
    """Write the rule's output."""
    import torch

    from heavytail.pruning.removal_errors import measure_removal_errors

    torch.set_num_threads(job.threads)
    measure_removal_errors(
        job.input.model,
        job.input.calibration,
        2**20 * job.resources.get("activations_mb", float("inf")),
        job.output.errors,
    )


if __name__ == "__main__":
    run_once(snakemake, measure, "calibration.samples")
