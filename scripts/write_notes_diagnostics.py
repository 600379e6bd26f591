"""Write a model's diagnostics in the notes' shape, the notes' numbers beside them."""

import pandas as pd
from safetensors.numpy import load_file

from heavytail.config.reference import read_notes
from heavytail.diagnostics import reference as notes_diagnostics
from heavytail.diagnostics.reference_numbers import diagnostics
from heavytail.io.files import replacing, write_text
from heavytail.running.jobs import logged
from heavytail.running.wholeness import require_whole
from heavytail.tables import markdown as tables

AVERAGED = ("v_entropy", "v_rank", "qk_entropy")
TITLES = {
    AVERAGED: "Entropies and rank share",
    ("mp_error",): "Error against Marchenko-Pastur",
    ("matrix_variance",): "Variance of the eigenvalues per matrix",
    ("mean_variance",): "Mean variances of the eigenvalues of single matrices",
    ("variance",): "Variances of pooled eigenvalues",
}


def block_table(found: pd.DataFrame, quantities: tuple[str, ...]) -> str:
    """Blocks as rows, what was measured and how as columns; markdown."""
    chosen = found[found["quantity"].isin(quantities)]
    names = chosen["of"] + ", " + chosen["candidate"]
    table = chosen.assign(name=names).pivot_table(
        index="block", columns="name", values="value", sort=False, dropna=False
    )
    return tables.markdown(table.map("{:.4g}".format))


def markdown(model: str, found: pd.DataFrame, comparison: pd.DataFrame) -> str:
    """The whole page."""
    lines = [f"# {model}: diagnostics of the notes"]
    for quantities, title in TITLES.items():
        lines += [f"## {title}", block_table(found, quantities)]
    averaged = found[found["quantity"].isin(AVERAGED)].groupby("quantity", sort=False)["value"]
    means = (f"{quantity} {value:.4f}" for quantity, value in averaged.mean().items())
    lines.insert(3, f"Means over blocks: {', '.join(means)}.")
    lines += [
        "## Beside the notes",
        "The notes do not say how the errors and variances were computed, nor of which model. Each "
        "candidate stands here under its own name; none is the notes' value unless it matches.",
    ]
    text = comparison.set_index("quantity")
    numbers = text.select_dtypes("number").columns
    text[numbers] = text[numbers].map("{:.4g}".format)
    lines.append(tables.markdown(text.fillna("")))
    return "\n\n".join(lines) + "\n"


def write_notes_diagnostics(model: str, inputs: dict[str, str], outputs: dict[str, str]) -> None:
    """Write the tidy CSV of all candidates per block and the markdown page.

    Args:
        model: its name in the config.
        inputs: "spectra", "products", "metrics" of the model; "notes", the notes' numbers.
        outputs: "values" (CSV) and "table" (markdown).
    """
    found = notes_diagnostics.per_block(
        load_file(inputs["spectra"]), load_file(inputs["products"]), pd.read_csv(inputs["metrics"])
    )
    printed = diagnostics(read_notes(inputs["notes"]))
    comparison = notes_diagnostics.compared(found, printed)
    with replacing(outputs["values"]) as path:
        found.to_csv(path, index=False, na_rep="nan", lineterminator="\n")
    notes = notes_diagnostics.notes_vectors(printed, found["block"].nunique())
    write_text(outputs["table"], markdown(model, pd.concat([found, notes]), comparison))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        require_whole(snakemake.input)
        write_notes_diagnostics(
            snakemake.wildcards.model, dict(snakemake.input), dict(snakemake.output)
        )
