"""Measure spectra of every block of a model, dense or pruned; a killed run is resumed."""

from heavytail.running.jobs import Job, run_once


def measure(job: Job) -> None:
    """Write the rule's output."""
    import torch

    from heavytail.io.files import sha256
    from heavytail.pruning.origin import opened
    from heavytail.spectra.measure import measure_spectra

    torch.set_num_threads(job.threads)
    aside = job.output.spectra if job.resources.get("artifact") else None
    with opened(job.input.get("origin"), aside) as pruned:
        cell = sha256(pruned.path) if pruned else "dense"
        code = f"{job.params.digest} {cell}"
        measure_spectra(job.input.model, pruned, job.wildcards.measure, code, job.output.spectra)


if __name__ == "__main__":
    run_once(snakemake, measure)
