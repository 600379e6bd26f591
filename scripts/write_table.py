"""Write the tables of a model for people, and the same as CSV."""

from heavytail.io.files import write_text
from heavytail.running.jobs import logged
from heavytail.tables import significance
from heavytail.tables.cells import read_csv, write_csv
from heavytail.tables.markdown import ALIKE
from heavytail.tables.model import model_rows, perplexity_table, zero_shot_table

CLAIM = (
    f"**Bold** is the best of its row. {ALIKE} is not distinguishable from the best: the "
    f"{significance.CONFIDENCE:.0%} interval of a paired bootstrap over {{units}} contains 0 "
    f"({significance.RESAMPLES:,} resamples, seed {significance.SEED}; {{units}} count as "
    f"independent; with fewer than {significance.FEWEST} there is no interval). The mark says that "
    "this text does not distinguish the two, not that they are equal. The intervals are not "
    "corrected for their number, and the best was chosen on the same text, which flatters it."
)
SEEDS = (
    "± is the standard deviation (n − 1) over calibration seeds; the intervals do not include it."
)
ERROR = (
    "The standard error is that of the mean, from the errors of the tasks, taken as independent."
)


def write_table(model: str, inputs: dict[str, str], outputs: dict[str, str]) -> None:
    """Write the CSV and the page: per sparsity, perplexity and zero-shot accuracy of every cell.

    Args:
        model: its name in the config.
        inputs: CSV files "cells", "zero_shot", "significance", "protocols" and, if configured,
            "reference".
        outputs: "values" (CSV) and "table" (markdown).
    """
    read = {name: read_csv(path) for name, path in inputs.items() if path}
    protocols = read.pop("protocols")
    own = {name: table[table["model"] == model] for name, table in read.items()}
    scores, reference = own["zero_shot"], own.get("reference")
    rows = model_rows(own["cells"], scores, own["significance"], reference)
    seeds = [SEEDS] if rows["seeds"].max() > 1 else []
    lines = [f"# {model}"]
    for sparsity in rows["sparsity"].dropna().unique():
        lines.append(f"## Sparsity {sparsity}")
        for number, protocol in protocols.iterrows():
            lines.append(f"Perplexity {protocol['words']}")
            lines.append(perplexity_table(rows, sparsity, protocol["column"]))
            units = "windows" if protocol["unit"] == "token" else "documents"
            if number == 0:
                lines.append(" ".join([CLAIM.format(units=units), *seeds]))
        if len(scores):
            title = f"Tasks (BOS policy `{scores['bos'].iloc[0]}`)"
            lines += [title, zero_shot_table(rows, scores, reference, sparsity)]
            lines.append(" ".join([CLAIM.format(units="documents"), ERROR, *seeds]))
    write_csv(outputs["values"], rows)
    write_text(outputs["table"], "\n\n".join(lines) + "\n")


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        write_table(snakemake.wildcards.model, dict(snakemake.input), dict(snakemake.output))
