"""Compute every metric of every spectrum of a model."""

import csv

from safetensors.numpy import load_file

from heavytail.files import whole
from heavytail.jobs import logged
from heavytail.metrics import METRICS


def compute_metrics(spectra: str, output: str) -> None:
    """Write the tidy table block,projection,metric,value; values round-trip exactly."""
    found = load_file(spectra)
    with whole(output) as path, open(path, "w", newline="") as handle:
        table = csv.writer(handle, lineterminator="\n")
        table.writerow(["block", "projection", "metric", "value"])
        for key in sorted(found, key=lambda key: int(key.split(".")[0])):
            for name, metric in METRICS.items():
                table.writerow([*key.split("."), name, repr(metric(found[key]))])


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        compute_metrics(snakemake.input.spectra, snakemake.output.metrics)
