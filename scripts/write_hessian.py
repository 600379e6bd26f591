"""Write whether the Hessian spectra of a model follow power laws."""

from typing import Any

import numpy as np
import pandas as pd

from heavytail.diagnostics.power_law import RELATIVE_RESIDUAL, power_law
from heavytail.io.files import read_json, write_text
from heavytail.running.jobs import logged
from heavytail.tables import markdown as tables

CONTROL = "random initialisation"


def fit_table(spectra: dict[str, np.ndarray]) -> str:
    """Markdown with one row per spectrum: its largest eigenvalue and the fit."""
    rows = {name: {"largest": v[0], **power_law(v)} for name, v in spectra.items()}
    table = pd.DataFrame(rows).T.rename(columns={"ks": "KS distance", "s_fit": "s by regression"})
    text = table.drop(columns="power_law").map("{:.4g}".format)
    return tables.markdown(
        text.assign(power_law=table["power_law"].map({True: "yes", False: "no"}))
    )


def converged(record: dict[str, Any]) -> np.ndarray:
    """The leading eigenvalues that Lanczos found within 1 %."""
    values, residuals = np.array(record["eigenvalues"]), np.array(record["residuals"])
    loose = np.flatnonzero(residuals > RELATIVE_RESIDUAL * np.abs(values))
    return values[: loose[0]] if len(loose) else values


def loss_section(found: dict[str, Any]) -> list[str]:
    """The fits of the loss Hessians and, if one is missing, the reason."""
    named = {"trained": found["trained"], CONTROL: found["random"]}
    spectra = {n: converged(record) for n, record in named.items() if record["eigenvalues"]}
    spectra = {name: values for name, values in spectra.items() if len(values)}
    missing = [f"Not measured, {n}: {r['reason']}" for n, r in named.items() if "reason" in r]
    return ["## Loss", *([fit_table(spectra)] if spectra else []), *missing]


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
        f"This page shows the largest eigenvalues on {found['tokens']['windows'][0]} calibration "
        "windows beside the law λ_k = λ_1 k^(−s), s = 1/(β − 1), of arXiv 2201.13011. A spectrum "
        "passes if its Kolmogorov-Smirnov distance is below the critical value 1.36/√K. With few "
        "eigenvalues this test rejects little, because the law is fitted to the same eigenvalues: "
        "compare with random initialisation. For the loss, only the leading eigenvalues that are "
        "known within 1 % are fitted.",
        *loss_section(found),
    ]
    for key, title in (("inputs", "trained"), ("random_inputs", CONTROL)):
        inputs = {
            f"{entry['block']}, {', '.join(entry['projections'])}": np.array(entry["eigenvalues"])
            for entry in found[key]
        }
        lines += [f"## Layer inputs XᵀX, {title}", fit_table(inputs)]
    write_text(output, "\n\n".join(lines) + "\n")


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        write_hessian(snakemake.wildcards.model, snakemake.input.record, snakemake.output.table)
