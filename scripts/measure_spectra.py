"""Measure the spectrum of every matrix of a model."""

import logging
from pathlib import Path

import torch
from safetensors.torch import save_file

from heavytail import device, spectra
from heavytail.checkpoint import Checkpoint
from heavytail.families import matrices
from heavytail.files import whole
from heavytail.jobs import logged


def measure_spectra(model: str, output: str) -> None:
    """Write one float64 vector per matrix, key {block}.{projection}, one matrix at a time."""
    checkpoint, place, found = Checkpoint(Path(model).parent), device.pick(), {}
    for block, projection, name in matrices(checkpoint):
        try:
            weight = checkpoint.tensor(name).to(place)
            found[f"{block}.{projection}"] = spectra.eigenvalues(weight).cpu()
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from error
        logging.info("%s %s", name, [*weight.shape])
    with whole(output) as path:
        save_file(found, path)


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        torch.set_num_threads(snakemake.threads)
        measure_spectra(snakemake.input.model, snakemake.output.spectra)
