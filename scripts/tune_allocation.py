"""Choose the open settings of an allocation on held-out text."""

from heavytail.running.jobs import Job, run_once


def tune(job: Job) -> None:
    """Write the record."""
    import torch

    from heavytail.evaluation.tuning import tune_allocation

    torch.set_num_threads(job.threads)
    tune_allocation(
        # A stored model comes with the folder of its weights, for which its provenance stands.
        {name: path for name, path in job.input.items() if path and name != "weights"},
        job.params.settings,
        job.params.pruning | {"code": job.params.digest},
        2**20 * job.resources.get("activations_mb", float("inf")),
        job.output.record,
    )


if __name__ == "__main__":
    run_once(
        snakemake,
        tune,
        "calibration.samples or tune.windows, or, with within_block: exact, keep hidden states on "
        "disk: --set-resources tune_allocation:activations_mb=1000",
    )
