"""Measure the perplexity of the dense model or of one cell by any protocol."""

from heavytail.running.jobs import Job, run_once


def evaluate(job: Job) -> None:
    """Write the record."""
    import torch

    from heavytail.evaluation.protocols import evaluate_protocol
    from heavytail.pruning.origin import opened

    torch.set_num_threads(job.threads)
    budget = 2**20 * job.resources.get("activations_mb", float("inf"))
    with opened(job.input.get("origin"), budget=budget) as pruned:
        evaluate_protocol(job.input.model, pruned, job.input.tokens, budget, job.output.record)


if __name__ == "__main__":
    run_once(
        snakemake,
        evaluate,
        "evaluation.length, or keep hidden states on disk: "
        "--set-resources evaluate_protocol:activations_mb=1000",
    )
