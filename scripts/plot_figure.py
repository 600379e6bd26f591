"""Plot a figure of a model for papers: SVG, PDF, and its data as CSV."""

import importlib
from typing import Any

from matplotlib import rc_context

from heavytail.report.figures import paper
from heavytail.report.sources import datasets, read_tables
from heavytail.running.jobs import logged
from heavytail.tables.cells import write_csv


def plot_figure(
    name: str, model: str, tables: dict[str, str], places: dict[str, Any], outputs: dict[str, str]
) -> None:
    """Write the figure.

    Args:
        name: of its module in heavytail.report.figures.
        model: of which it is.
        tables: name → CSV of the matrix.
        places: of `datasets`, as far as the figure reads them.
        outputs: "svg", "pdf" and "data", the CSV.
    """
    found = datasets(read_tables(tables), places)
    own = {
        key: table[table["model"] == model] if "model" in table else table
        for key, table in found.items()
    }
    figure = importlib.import_module(f"heavytail.report.figures.{name}")
    table = figure.data(own)
    with rc_context(paper.STYLE):
        drawn = figure.draw(table) if len(table) else paper.empty("This config has no such data.")
    write_csv(outputs["data"], table)
    paper.save(drawn, outputs["svg"])
    paper.save(drawn, outputs["pdf"])


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        plot_figure(
            snakemake.wildcards.figure,
            snakemake.wildcards.model,
            snakemake.params.tables,
            snakemake.params.places,
            dict(snakemake.output),
        )
