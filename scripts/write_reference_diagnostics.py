"""Write the diagnostics of a model with the reference results beside them."""

import json

import pandas as pd
from safetensors import safe_open
from safetensors.numpy import load_file

from heavytail.config.reference import read_reference
from heavytail.diagnostics.reference import compared, per_block, reference_vectors
from heavytail.diagnostics.reference_numbers import diagnostics
from heavytail.io.files import replacing, write_text
from heavytail.metrics.densities import tail
from heavytail.running.jobs import logged
from heavytail.running.wholeness import require_whole
from heavytail.spectra.spectrum import Spectrum
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
    """Markdown with a row per block and a column per quantity and way of computing it."""
    chosen = found[found["quantity"].isin(quantities)]
    names = chosen["of"] + ", " + chosen["candidate"]
    table = chosen.assign(name=names).pivot_table(
        index="block", columns="name", values="value", sort=False, dropna=False
    )
    return tables.markdown(table.map("{:.4g}".format))


def undecided(path: str) -> tuple[int, int]:
    """For how many matrices the peak of alpha_peak is undecided, and of how many."""
    with safe_open(path, framework="numpy") as stored:
        shapes = json.loads(stored.metadata()["shapes"])
        tails = [
            tail(Spectrum(rows, columns, stored.get_tensor(key)))
            for key, (rows, columns) in shapes.items()
        ]
    return sum(one["fullest"] >= 2 for one in tails), len(tails)


def markdown(
    model: str, ties: tuple[int, int], found: pd.DataFrame, comparison: pd.DataFrame
) -> str:
    """The page as markdown.

    Args:
        model: its name in the config.
        ties: of `undecided`.
        found: the diagnostics of every block, as `per_block` returns them.
        comparison: the same beside the reference results, as `compared` returns them.
    """
    lines = [f"# {model}: diagnostics beside the reference results"]
    for quantities, title in TITLES.items():
        lines += [f"## {title}", block_table(found, quantities)]
    averaged = found[found["quantity"].isin(AVERAGED)].groupby("quantity", sort=False)["value"]
    means = (f"{quantity} {value:.4f}" for quantity, value in averaged.mean().items())
    lines.insert(3, f"Means over blocks: {', '.join(means)}.")
    lines.insert(
        1,
        f"The peak of `alpha_peak` is undecided in {ties[0]} of {ties[1]} matrices: two or more of "
        "its bins hold the most eigenvalues, and the first of them is taken. `alpha_smooth` has no "
        "such choice.",
    )
    lines += [
        "## Beside the reference results",
        "The reference does not record how its errors and variances were computed, nor of which "
        "model. Each candidate definition stands here under its own name. A candidate may be the "
        "definition of the reference only if it matches.",
    ]
    text = comparison.set_index("quantity")
    numbers = text.select_dtypes("number").columns
    text[numbers] = text[numbers].map("{:.4g}".format)
    lines.append(tables.markdown(text.fillna("")))
    return "\n\n".join(lines) + "\n"


def write_reference_diagnostics(
    model: str, inputs: dict[str, str], outputs: dict[str, str]
) -> None:
    """Write the tidy CSV of all candidates per block and the markdown page.

    Args:
        model: its name in the config.
        inputs: "spectra", "products" and "metrics" of the model; "reference", the results as CSV.
        outputs: "values" (CSV) and "table" (markdown).
    """
    found = per_block(
        load_file(inputs["spectra"]), load_file(inputs["products"]), pd.read_csv(inputs["metrics"])
    )
    printed = diagnostics(read_reference(inputs["reference"]))
    comparison = compared(found, printed)
    with replacing(outputs["values"]) as path:
        found.to_csv(path, index=False, na_rep="nan", lineterminator="\n")
    vectors = reference_vectors(printed, found["block"].nunique())
    ties = undecided(inputs["spectra"])
    write_text(outputs["table"], markdown(model, ties, pd.concat([found, vectors]), comparison))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        require_whole(snakemake.input)
        write_reference_diagnostics(
            snakemake.wildcards.model, dict(snakemake.input), dict(snakemake.output)
        )
