"""Compare the cells of every row of the matrix by paired bootstraps."""

from heavytail.evaluation.paired import read_paired
from heavytail.running.jobs import logged
from heavytail.tables.cells import read_csv, write_csv
from heavytail.tables.significance import significance


def compare_cells(cells: str, paired: str, output: str) -> None:
    """Write every comparison as CSV.

    Args:
        cells: the table of cells, CSV.
        paired: the losses and outcomes of its rows, as `write_paired` writes them.
        output: the CSV file to write.
    """
    write_csv(output, significance(read_csv(cells), *read_paired(paired)))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        compare_cells(snakemake.input.cells, snakemake.input.paired, snakemake.output.significance)
