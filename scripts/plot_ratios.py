"""Plot the ratios of a model's blocks."""

import pandas as pd

from heavytail.io.files import replacing
from heavytail.running.jobs import logged
from heavytail.tables import ratio_plot


def plot_ratios(model: str, values: str, output: str) -> None:
    """Write an SVG of the CSV of a model's ratios."""
    # A name may look like a number or like a missing value.
    names = dict.fromkeys(("method", "sparsity", "allocation"), str)
    table = pd.read_csv(values, dtype=names, keep_default_na=False)
    with replacing(output) as path:
        ratio_plot.plot(model, table, path)


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        plot_ratios(snakemake.wildcards.model, snakemake.input.values, snakemake.output.plot)
