"""Search for the ratios of an allocation on held-out text; a killed run is resumed."""

from heavytail.running.jobs import Job, run_once


def search(job: Job) -> None:
    """Write the ratios and the record."""
    import torch

    from heavytail.evaluation.search.search import search_allocation

    torch.set_num_threads(job.threads)
    search_allocation(
        # A stored model comes with the folder of its weights, for which its provenance stands.
        {name: path for name, path in job.input.items() if path and name != "weights"},
        job.params.settings,
        job.params.pruning | {"code": job.params.digest},
        2**20 * job.resources.get("activations_mb", float("inf")),
        (job.output.ratios, job.output.record),
    )


if __name__ == "__main__":
    run_once(
        snakemake,
        search,
        "tune.windows, or keep hidden states on disk: "
        "--set-resources search_allocation:activations_mb=1000",
    )
