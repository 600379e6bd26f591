"""Put the reference results beside those of the cells that have their settings."""

from typing import Any, TypedDict

import pandas as pd

from heavytail.config.reference import read_results
from heavytail.evaluation.paired import read_paired
from heavytail.io.files import write_text
from heavytail.running.jobs import logged
from heavytail.tables.anchors import MORE, beside_published, with_intervals
from heavytail.tables.cells import read_csv, write_csv
from heavytail.tables.markdown import markdown, readable
from heavytail.tables.over_seeds import over_seeds
from heavytail.tables.reference import COLUMNS, beside

INTRODUCTION = """# Beside the reference results

This page lists every reference perplexity and zero-shot accuracy that has a cell here: a cell of
the same model, method, grouping, blend, segments and epsilon, whatever its allocation is called.
Windows and calibration are not compared. A number may stand beside several cells, and a cell beside
several numbers.

`ratio` is ours over the reference. `confidence` says how surely the reference was read. `epsilon`
is the cell's. The word behind it says where the epsilon of the reference result comes from: it was
recorded (`reference`), it was guessed from an unclear line (`guessed`), or it was not recorded, and
that of AlphaPruning's scripts is assumed (`assumed`). `weight` is that of the cell's blend. It is
always assumed, as no reference result records one.

A published result (`source`) stands beside a cell only if sparsity and protocol are the same too.
`tuned on` says on which text its settings were chosen; a number that was tuned on the **test** text
is lower than it would be otherwise. `difference` is ln(ours / theirs) of a perplexity with the 95 %
interval of ours over the windows, which knows nothing of the error of theirs.

The reference accuracies were measured without BOS. A model's accuracies are compared only if it is
scored without BOS, and their mean only if it is over the same tasks."""
SHOWN = [
    *("method", "grouping", "blend", "segments_of", "quantity", "allocation", "epsilon", "weight"),
    *("reference", "ours", "ratio", "difference", "confidence", "source", "tuned on"),
]


class Settings(TypedDict):
    """The text on which perplexity is measured, and each method's default epsilon."""

    text: str
    published: dict[str, dict[str, float]]


def page(found: pd.DataFrame) -> str:
    """The page as markdown, of the table that `beside` returns."""
    text = found.astype(object).fillna("")
    for name in ("epsilon", "weight"):
        text[name] = (text[name] + " " + text[f"{name}_source"]).str.strip()
    of_text = found["quantity"].str.startswith("ppl")
    for name in ("reference", "ours"):
        shares = found[name].map("{:.4f}".format)
        text[name] = found[name].map(readable).where(of_text, shares)
    text["ratio"] = found["ratio"].map("{:.3f}".format)
    text["difference"] = [_difference(row) for _, row in found.iterrows()]
    text["tuned on"] = text["tuned_on"].replace("test", "**test**")
    lines = [INTRODUCTION]
    for model, rows in text.groupby("model", sort=False):
        lines += [f"## {model}", markdown(rows[SHOWN].set_index("method"))]
    if found.empty:
        lines.append("No reference result has a cell here.")
    return "\n\n".join(lines) + "\n"


def _difference(row: pd.Series) -> str:
    """A difference with its interval as text; empty if there is none."""
    if pd.isna(row["difference"]):
        return ""
    point = f"{row['difference']:+.3f}"
    return point if pd.isna(row["low"]) else f"{point} [{row['low']:+.3f}, {row['high']:+.3f}]"


def compare_reference(inputs: dict[str, Any], settings: Settings, outputs: dict[str, str]) -> None:
    """Write the CSV and the page.

    Args:
        inputs: "reference", the CSV files of reference results; "cells", "zero_shot", "protocols"
            and "paired", our tables.
        settings: of the comparison.
        outputs: "values" (CSV) and "table" (markdown).
    """
    own, scores = read_csv(inputs["cells"]), read_csv(inputs["zero_shot"])
    cells, read = over_seeds(own), list(map(read_results, inputs["reference"]))
    noted = [row for notes, _ in read for row in notes]
    published = [row for _, results in read for row in results]
    found = beside(noted, cells, scores, **settings)
    more = beside_published(published, cells, read_csv(inputs["protocols"]))
    found = pd.concat([found, pd.DataFrame(more, columns=[*COLUMNS, *MORE[:2]])])
    found = found.assign(ratio=found["ours"] / found["reference"]).reset_index(drop=True)
    found = with_intervals(found, own, read_paired(inputs["paired"])[0])
    write_csv(outputs["values"], found)
    write_text(outputs["table"], page(found))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        compare_reference(dict(snakemake.input), snakemake.params.settings, dict(snakemake.output))
