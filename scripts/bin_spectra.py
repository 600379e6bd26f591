"""Bin the spectra of a model or a cell, for plots of their densities."""

import csv
import json
from collections.abc import Iterable
from typing import Any

from safetensors import safe_open

from heavytail.io.files import replacing
from heavytail.metrics.densities import DENSITY, TAIL, density, tail
from heavytail.projections import matrix_of
from heavytail.running.jobs import logged
from heavytail.running.wholeness import require_whole
from heavytail.spectra.spectrum import Spectrum

MATRIX = ("block", "projection")


def write(path: str, columns: tuple[str, ...], rows: Iterable[dict[str, Any]]) -> None:
    """Write rows as CSV, all or nothing; numbers have seven digits, which is enough for a plot."""
    with replacing(path) as temporary, open(temporary, "w", newline="", encoding="utf-8") as handle:
        table = csv.DictWriter(handle, columns, lineterminator="\n")
        table.writeheader()
        for row in rows:
            table.writerow({k: f"{v:.7g}" if isinstance(v, float) else v for k, v in row.items()})


def bin_spectra(spectra: str, outputs: dict[str, str]) -> None:
    """Write the densities and the tails.

    Args:
        spectra: safetensors of the measure spectra.
        outputs: "densities", CSV with a row per matrix and bin, and "tails", a row per matrix.
    """
    bins, tails = [], []
    with safe_open(spectra, framework="numpy") as stored:
        for key, (rows, columns) in json.loads(stored.metadata()["shapes"]).items():
            spectrum = Spectrum(rows, columns, stored.get_tensor(key))
            named = dict(zip(MATRIX, matrix_of(key), strict=True))
            shown = density(spectrum)
            numbers = zip(*(column.tolist() for column in shown.values()), strict=True)
            bins += [named | dict(zip(shown, row, strict=True)) for row in numbers]
            tails.append(named | {"eigenvalues": len(spectrum.eigenvalues)} | tail(spectrum))
    write(outputs["densities"], (*MATRIX, *DENSITY), bins)
    write(outputs["tails"], (*MATRIX, "eigenvalues", *TAIL), tails)


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        require_whole(snakemake.input)
        bin_spectra(snakemake.input.spectra, dict(snakemake.output))
