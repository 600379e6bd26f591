"""Measure the zero-shot accuracy of the dense model or of one cell."""

from heavytail.running.jobs import Job, run_once


def evaluate(job: Job) -> None:
    """Write the record."""
    import torch

    from heavytail.evaluation.zero_shot import evaluate_zero_shot
    from heavytail.pruning.origin import opened

    torch.set_num_threads(job.threads)
    with opened(job.input.get("origin")) as pruned:
        settings, record = job.params.settings, job.output.record
        evaluate_zero_shot(job.input.model, pruned, job.input.tasks, settings, record)


if __name__ == "__main__":
    run_once(snakemake, evaluate)
