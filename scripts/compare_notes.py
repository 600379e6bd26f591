"""Put the notes' numbers beside those of the cells that have their settings."""

import pandas as pd

from heavytail.config.reference import read_notes
from heavytail.io.files import write_text
from heavytail.running.jobs import logged
from heavytail.tables.cells import read_csv, write_csv
from heavytail.tables.markdown import markdown, readable
from heavytail.tables.over_seeds import over_seeds
from heavytail.tables.reference import beside

INTRODUCTION = """# Beside the notes

Every perplexity and zero-shot number of the notes that has a cell here: one of the same model,
method, grouping, blend, segments and epsilon, whatever the allocation's name. Windows and
calibration are not compared. A number may stand beside several cells, and a cell beside several
numbers. Ratio is ours over the notes'; confidence is how sure the reading of the notes is. Epsilon
is the cell's, and whether the notes give it (`notes`), it was guessed from an unclear line
(`guessed`), or the notes are silent and the published default is assumed (`assumed`). The weight of
a blend is the cell's and always assumed: the notes record none. The notes' accuracies are without
BOS: only those of a model that is scored so stand here, and their mean only where the tasks are the
notes' own."""
SHOWN = [
    *("method", "grouping", "blend", "segments_of", "quantity", "allocation", "epsilon", "weight"),
    *("notes", "ours", "ratio", "confidence"),
]


def page(found: pd.DataFrame) -> str:
    """The whole page."""
    text = found.astype(object).fillna("")
    for name in ("epsilon", "weight"):
        text[name] = (text[name] + " " + text[f"{name}_source"]).str.strip()
    of_text = found["quantity"].str.startswith("ppl_")
    for name in ("notes", "ours"):
        shares = found[name].map("{:.4f}".format)
        text[name] = found[name].map(readable).where(of_text, shares)
    text["ratio"] = found["ratio"].map("{:.3f}".format)
    lines = [INTRODUCTION]
    for model, rows in text.groupby("model", sort=False):
        lines += [f"## {model}", markdown(rows[SHOWN].set_index("method"))]
    if found.empty:
        lines.append("No number of the notes has a cell here.")
    return "\n\n".join(lines) + "\n"


def compare_notes(inputs: dict[str, str], settings: dict, outputs: dict[str, str]) -> None:
    """Write the CSV and the page.

    Args:
        inputs: "notes", the notes' numbers; "cells" and "zero_shot", ours; CSV.
        settings: "text", on which perplexity is measured, and "published", the default epsilons.
        outputs: "values" (CSV) and "table" (markdown).
    """
    cells, scores = over_seeds(read_csv(inputs["cells"])), read_csv(inputs["zero_shot"])
    found = beside(read_notes(inputs["notes"]), cells, scores, **settings)
    write_csv(outputs["values"], found)
    write_text(outputs["table"], page(found))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        compare_notes(dict(snakemake.input), snakemake.params.settings, dict(snakemake.output))
