"""Measure how similar the outputs of a model's blocks are."""

from heavytail.running.jobs import Job, run_once


def measure(job: Job) -> None:
    """Write the rule's output."""
    import torch

    from heavytail.allocation.guides.similarity import measure_similarity

    torch.set_num_threads(job.threads)
    measure_similarity(
        job.input.model,
        job.input.calibration,
        job.params.settings["windows"],
        2**20 * job.resources.get("activations_mb", float("inf")),
        job.output.similarity,
    )


if __name__ == "__main__":
    run_once(snakemake, measure, "segments.windows")
