"""The tidy table of metrics, from spectra that were measured before."""

import csv
import importlib
import json
from pathlib import Path

from safetensors import safe_open

from heavytail.files import whole
from heavytail.spectrum import Spectrum

# Attribute of Spectrum → the measure that gives it.
SOURCES = {
    "eigenvalues": "spectra",
    "shuffled": "shuffled_spectra",
    "submatrices": "submatrix_spectra",
}


def write_metrics(spectra: dict[str, str], families: list[str], output: str | Path) -> None:
    """Write the tidy table block,projection,metric,value; values round-trip exactly.

    Args:
        spectra: name of a measure → its safetensors file; "spectra" and what the families need.
        families: modules of heavytail.metrics.
        output: the CSV file.
    """
    modules = [importlib.import_module(f"heavytail.metrics.{family}") for family in families]
    files = {name: safe_open(path, framework="numpy") for name, path in spectra.items()}
    shapes = json.loads(files["spectra"].metadata()["shapes"])
    with whole(output) as path, open(path, "w", newline="", encoding="utf-8") as handle:
        table = csv.writer(handle, lineterminator="\n")
        table.writerow(["block", "projection", "metric", "value"])
        for key, (rows, columns) in shapes.items():
            found = {
                attribute: files[source].get_tensor(key)
                for attribute, source in SOURCES.items()
                if source in files
            }
            for module in modules:
                for name, value in module.compute(Spectrum(rows, columns, **found)).items():
                    table.writerow([*key.split("."), name, repr(value)])
