"""Put the reference results beside those of the cells that have their settings."""

from typing import TypedDict

import pandas as pd

from heavytail.config.reference import read_reference
from heavytail.io.files import write_text
from heavytail.running.jobs import logged
from heavytail.tables.cells import read_csv, write_csv
from heavytail.tables.markdown import markdown, readable
from heavytail.tables.over_seeds import over_seeds
from heavytail.tables.reference import beside

INTRODUCTION = """# Beside the reference results

This page lists every reference perplexity and zero-shot accuracy that has a cell here: a cell of
the same model, method, grouping, blend, segments and epsilon, whatever its allocation is called.
Windows and calibration are not compared. A number may stand beside several cells, and a cell beside
several numbers.

`ratio` is ours over the reference. `confidence` says how surely the reference was read. `epsilon`
is the cell's. The word behind it says where the epsilon of the reference result comes from: it was
recorded (`reference`), it was guessed from an unclear line (`guessed`), or it was not recorded, and
the published default is assumed (`assumed`). `weight` is that of the cell's blend. It is always
assumed, as no reference result records one.

The reference accuracies were measured without BOS. A model's accuracies are compared only if it is
scored without BOS, and their mean only if it is over the same tasks."""
SHOWN = [
    *("method", "grouping", "blend", "segments_of", "quantity", "allocation", "epsilon", "weight"),
    *("reference", "ours", "ratio", "confidence"),
]


class Settings(TypedDict):
    """The text on which perplexity is measured, and each method's default epsilon."""

    text: str
    published: dict[str, float]


def page(found: pd.DataFrame) -> str:
    """The page as markdown, of the table that `beside` returns."""
    text = found.astype(object).fillna("")
    for name in ("epsilon", "weight"):
        text[name] = (text[name] + " " + text[f"{name}_source"]).str.strip()
    of_text = found["quantity"].str.startswith("ppl_")
    for name in ("reference", "ours"):
        shares = found[name].map("{:.4f}".format)
        text[name] = found[name].map(readable).where(of_text, shares)
    text["ratio"] = found["ratio"].map("{:.3f}".format)
    lines = [INTRODUCTION]
    for model, rows in text.groupby("model", sort=False):
        lines += [f"## {model}", markdown(rows[SHOWN].set_index("method"))]
    if found.empty:
        lines.append("No reference result has a cell here.")
    return "\n\n".join(lines) + "\n"


def compare_reference(inputs: dict[str, str], settings: Settings, outputs: dict[str, str]) -> None:
    """Write the CSV and the page.

    Args:
        inputs: CSV files: "reference", the reference results; "cells" and "zero_shot", ours.
        settings: of the comparison.
        outputs: "values" (CSV) and "table" (markdown).
    """
    cells, scores = over_seeds(read_csv(inputs["cells"])), read_csv(inputs["zero_shot"])
    found = beside(read_reference(inputs["reference"]), cells, scores, **settings)
    write_csv(outputs["values"], found)
    write_text(outputs["table"], page(found))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        compare_reference(dict(snakemake.input), snakemake.params.settings, dict(snakemake.output))
