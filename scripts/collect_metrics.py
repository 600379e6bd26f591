"""Compute every metric of a model or cell into one table, for diagnostics and for people."""

from heavytail.metrics.table import write_metrics
from heavytail.running.jobs import logged
from heavytail.running.wholeness import require_whole

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        require_whole(snakemake.input)
        families = snakemake.params.settings["families"]
        write_metrics(dict(snakemake.input), families, snakemake.output.metrics)
