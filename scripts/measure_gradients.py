"""Measure the gradient of every block of a model on frozen tokens."""

from heavytail.running.jobs import Job, run_once


def measure(job: Job) -> None:
    """Write the rule's output."""
    import torch

    from heavytail.allocation.guides.gradients import measure_gradients

    torch.set_num_threads(job.threads)
    measure_gradients(
        job.input.model,
        job.input.calibration,
        job.params.settings["windows"],
        2**20 * job.resources.get("activations_mb", float("inf")),
        job.output.norms,
    )


if __name__ == "__main__":
    run_once(snakemake, measure, "gradients.windows")
