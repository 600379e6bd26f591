"""Write whether a model's Hessian spectra follow power laws."""

import numpy as np
import pandas as pd

from heavytail import tables
from heavytail.files import read_json, write_text
from heavytail.jobs import logged
from heavytail.power_law import power_law

LOSS = {"trained": "trained", "random": "random initialisation"}


def fit_table(spectra: dict[str, list[float]]) -> str:
    """One row per spectrum: its largest eigenvalue and the fit; markdown."""
    rows = {
        name: {"largest": values[0], **power_law(np.array(values))}
        for name, values in spectra.items()
    }
    table = pd.DataFrame(rows).T.rename(columns={"ks": "KS distance", "s_fit": "s by regression"})
    text = table.drop(columns="power_law").map("{:.4g}".format)
    return tables.markdown(
        text.assign(power_law=table["power_law"].map({True: "yes", False: "no"}))
    )


def write_hessian(model: str, record: str, output: str) -> None:
    """Write the page.

    Args:
        model: its name in the config.
        record: JSON of measure_hessian.
        output: markdown.
    """
    found = read_json(record)
    lines = [
        f"# {model}: Hessian spectra",
        f"The largest eigenvalues on {found['tokens']['windows'][0]} calibration windows, beside "
        "the law λ_k = λ_1 k^(−s), s = 1/(β − 1), of arXiv 2201.13011. A spectrum passes where its "
        "Kolmogorov-Smirnov distance is below the critical value, 1.36/√K. With few eigenvalues "
        "that rejects little, the law being fitted to them: compare with random initialisation.",
        "## Loss",
    ]
    loss = {name: found[key]["eigenvalues"] for key, name in LOSS.items()}
    if None in loss.values():
        lines.append(f"Not measured: {found['trained']['reason']}")
    else:
        lines.append(fit_table(loss))
        worst = max(np.max(np.divide(found[k]["residuals"], loss[n][0])) for k, n in LOSS.items())
        lines.append(f"Eigenvalues are within {worst:.1g} of the largest (Lanczos residuals).")
    inputs = {
        f"{entry['block']}, {', '.join(entry['projections'])}": entry["eigenvalues"]
        for entry in found["inputs"]
    }
    lines += ["## Layer inputs, XᵀX", fit_table(inputs)]
    write_text(output, "\n\n".join(lines) + "\n")


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        write_hessian(snakemake.wildcards.model, snakemake.input.record, snakemake.output.table)
