"""Write the best allocation of every model, method and sparsity."""

from heavytail.io.files import write_text
from heavytail.running.jobs import logged
from heavytail.tables.cells import read_csv, write_csv
from heavytail.tables.summary import QUANTITIES, best_rows, summary_table

TITLES = dict(zip(QUANTITIES, ("Perplexity", "Zero-shot accuracy"), strict=True))
INTRODUCTION = """# Best allocations

Gains are over `gt`, `alpha_peak` averaged over all seven projections, block by block, without
segments or blend, and over `uniform`: by what share perplexity is lower, and by how much mean
accuracy is higher. Of several such allocations it is the better one. `≈`: not distinguishable, as
in the models' tables. The best of many was chosen on the text that it is scored on, which flatters
it."""


def write_summary(inputs: dict[str, str], outputs: dict[str, str]) -> None:
    """Write the CSV and the page.

    Args:
        inputs: "cells" and "significance", CSV.
        outputs: "values" (CSV) and "table" (markdown).
    """
    found = best_rows(read_csv(inputs["cells"]), read_csv(inputs["significance"]))
    lines = [INTRODUCTION]
    for quantity, title in TITLES.items():
        if (found["quantity"] == quantity).any():
            lines += [f"## {title}", summary_table(found, quantity)]
    write_csv(outputs["values"], found)
    write_text(outputs["table"], "\n\n".join(lines) + "\n")


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        write_summary(dict(snakemake.input), dict(snakemake.output))
