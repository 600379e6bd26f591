"""Compare the cells of every row of the matrix by paired bootstraps."""

import numpy as np

from heavytail.cell_table import read_csv, write_csv
from heavytail.files import read_json
from heavytail.jobs import logged
from heavytail.significance import significance


def losses_of(path: str) -> np.ndarray:
    """Nats of each window, float64, nan where not finite."""
    return np.array(read_json(path)["losses"], dtype=float)


def outcomes_of(path: str) -> dict[str, np.ndarray]:
    """Task → whether each document was right, int8."""
    outcomes = read_json(path)["results"]["outcomes"]
    return {task: np.array(right, dtype=np.int8) for task, right in outcomes.items()}


def compare_cells(inputs: dict, output: str) -> None:
    """Write every comparison as CSV.

    Args:
        inputs: "cells", the table of cells; "perplexity" and "zero_shot" (empty without tasks),
            records in the order of its rows.
        output: CSV.
    """
    losses = [losses_of(path) for path in inputs["perplexity"]]
    outcomes = [outcomes_of(path) for path in inputs["zero_shot"]]
    write_csv(output, significance(read_csv(inputs["cells"]), losses, outcomes))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        compare_cells(dict(snakemake.input), snakemake.output.significance)
