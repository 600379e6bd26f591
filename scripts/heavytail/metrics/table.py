"""Write the tidy table of metrics, from spectra that were measured before."""

import csv
import importlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from safetensors import safe_open

from heavytail.io.files import replacing
from heavytail.projections import matrix_of
from heavytail.spectra.spectrum import Spectrum

# Attribute of Spectrum → the measure that gives it.
SOURCES = {
    "eigenvalues": "spectra",
    "shuffled": "shuffled_spectra",
    "submatrices": "submatrix_spectra",
}


def write_rows(path: str | Path, rows: Iterable[tuple[int, str, str, float]]) -> None:
    """Write the tidy table block,projection,metric,value; values are written with all digits."""
    with replacing(path) as temporary, open(temporary, "w", newline="", encoding="utf-8") as handle:
        table = csv.writer(handle, lineterminator="\n")
        table.writerow(["block", "projection", "metric", "value"])
        table.writerows((*matrix, repr(value)) for *matrix, value in rows)


def write_metrics(spectra: dict[str, str], families: list[str], output: str | Path) -> None:
    """Write the tidy table of the metrics of these families.

    Args:
        spectra: name of a measure → its safetensors file: "spectra", and what the families need.
        families: modules of heavytail.metrics.
        output: the CSV file.
    """
    modules = [importlib.import_module(f"heavytail.metrics.{family}") for family in families]
    files = {name: safe_open(path, framework="numpy") for name, path in spectra.items()}
    shapes = json.loads(files["spectra"].metadata()["shapes"])

    def rows() -> Iterator[tuple[int, str, str, float]]:
        for key, (height, width) in shapes.items():
            found = {
                attribute: files[source].get_tensor(key)
                for attribute, source in SOURCES.items()
                if source in files
            }
            for module in modules:
                for name, value in module.compute(Spectrum(height, width, **found)).items():
                    yield (*matrix_of(key), name, value)

    write_rows(output, rows())
