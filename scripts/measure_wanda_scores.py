"""Measure how Wanda's scores are spread in every block of a dense model."""

from heavytail.running.jobs import Job, run_once


def measure(job: Job) -> None:
    """Write the rule's output."""
    import torch

    from heavytail.allocation.guides.wanda_scores import measure_wanda_scores

    torch.set_num_threads(job.threads)
    measure_wanda_scores(
        job.input.model,
        job.input.calibration,
        2**20 * job.resources.get("activations_mb", float("inf")),
        job.output.scores,
    )


if __name__ == "__main__":
    run_once(snakemake, measure, "calibration.samples")
