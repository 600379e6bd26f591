"""Compute one family of metrics of a model, for the allocations that read it."""

from heavytail.metrics.table import write_metrics
from heavytail.running.jobs import logged
from heavytail.running.wholeness import require_whole

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        require_whole(snakemake.input)
        write_metrics(dict(snakemake.input), [snakemake.wildcards.family], snakemake.output.metrics)
