"""Write the ratios of a model's blocks and matrices, as tidy tables and as a page."""

import pandas as pd

from heavytail.allocation.table import read_ratios
from heavytail.io.files import write_text
from heavytail.running.jobs import logged
from heavytail.tables.cells import write_csv
from heavytail.tables.ratios import COLUMNS, MATRICES, block_rows, matrix_rows, page


def write_ratio_table(
    model: str, rows: list[dict[str, object]], ratios: list[str], outputs: dict[str, str]
) -> None:
    """Write two CSVs and one markdown page of all allocations of a model.

    Args:
        model: its name.
        rows: "method", "sparsity" and "allocation" of each table.
        ratios: the paths of the tables in the order of `rows`.
        outputs: "values" and "matrices", by block and by matrix, CSV; "table", the page.
    """
    blocks, matrices = [], []
    for row, path in zip(rows, ratios, strict=True):
        found = read_ratios(path)
        blocks += [row | block for block in block_rows(*found)]
        matrices += [row | matrix for matrix in matrix_rows(*found)]
    table = pd.DataFrame(blocks, columns=COLUMNS)
    write_csv(outputs["values"], table)
    write_csv(outputs["matrices"], pd.DataFrame(matrices, columns=MATRICES))
    write_text(outputs["table"], page(model, table))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        write_ratio_table(
            snakemake.wildcards.model,
            snakemake.params.rows,
            list(snakemake.input.ratios),
            dict(snakemake.output),
        )
