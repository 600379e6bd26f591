"""Write a model's tables as people read them."""

import pandas as pd

from heavytail import tables
from heavytail.files import write_text
from heavytail.jobs import logged


def write_table(model: str, cells: str, zero_shot: str, output: str) -> None:
    """Write markdown: per sparsity, perplexity and zero-shot accuracy of every cell."""
    # Names may look like numbers.
    names = dict.fromkeys(("model", "method", "allocation", "task"), str)
    missing = {"na_values": ["nan", ""], "keep_default_na": False}
    read = (pd.read_csv(path, dtype=names, **missing) for path in (cells, zero_shot))
    cell_table, scores = (table[table["model"] == model] for table in read)
    lines = [f"# {model}"]
    for sparsity in cell_table["sparsity"].dropna().unique():
        lines += [f"## Sparsity {sparsity}", "Perplexity"]
        lines.append(tables.perplexity_table(cell_table, sparsity))
        if len(scores):
            lines += ["Zero-shot accuracy", tables.zero_shot_table(scores, sparsity)]
    write_text(output, "\n\n".join(lines) + "\n")


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        write_table(
            snakemake.wildcards.model,
            snakemake.input.cells,
            snakemake.input.zero_shot,
            snakemake.output.table,
        )
