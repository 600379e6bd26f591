"""Write the best allocation for every model, method and sparsity."""

from heavytail.io.files import write_text
from heavytail.running.jobs import logged
from heavytail.tables.cells import read_csv, write_csv
from heavytail.tables.summary import QUANTITIES, best_rows, summary_table

TITLES = dict(zip(QUANTITIES, ("Perplexity", "Zero-shot accuracy"), strict=True))
INTRODUCTION = """# Best allocations

Gains are over two baselines. `gt` is `alpha_peak` averaged over all seven projections, block by
block, without segments or blend; the other is `uniform`. If several allocations are such a
baseline, the best of them counts. A gain is the share by which perplexity is lower, or the amount
by which mean accuracy is higher. `≈` means not distinguishable, as in the tables of the models. The
best allocation was chosen on the text that it is scored on, which flatters it."""


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
