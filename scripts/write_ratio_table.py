"""Write the ratios of a model's blocks, as a tidy table and as a page."""

import pandas as pd

from heavytail.allocation.table import read_ratios
from heavytail.io.files import replacing, write_text
from heavytail.running.jobs import logged
from heavytail.tables.ratios import COLUMNS, block_rows, page


def write_ratio_table(
    model: str, rows: list[dict[str, object]], ratios: list[str], outputs: dict[str, str]
) -> None:
    """Write one CSV and one markdown page of all allocations of a model.

    Args:
        model: its name.
        rows: "method", "sparsity" and "allocation" of each table.
        ratios: the paths of the tables in the order of `rows`.
        outputs: "values" and "table".
    """
    tidy = [
        row | block
        for row, path in zip(rows, ratios, strict=True)
        for block in block_rows(*read_ratios(path))
    ]
    table = pd.DataFrame(tidy, columns=COLUMNS)
    with replacing(outputs["values"]) as path:
        table.to_csv(path, index=False, lineterminator="\n")
    write_text(outputs["table"], page(model, table))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        write_ratio_table(
            snakemake.wildcards.model,
            snakemake.params.rows,
            list(snakemake.input.ratios),
            dict(snakemake.output),
        )
