"""Measure the spectra of a model's loss Hessian and layer-input Hessians on frozen tokens."""

import logging
from pathlib import Path

import torch
from safetensors.torch import load_file

from heavytail import device, hessian, input_hessian
from heavytail.files import read_json, sha256, write_json
from heavytail.jobs import Stopwatch, logged, versions

CONTROL_SEED = 0


def loss_record(folder: Path, windows: torch.Tensor, top: int, seed: int | None) -> dict:
    """The loss Hessian's largest eigenvalues, or why there are none of a model of this size."""
    try:
        values, residuals = hessian.loss_spectrum(folder, windows, top, device.pick(), seed)
    except hessian.TooLargeError as error:
        logging.warning("%s", error)
        return {"eigenvalues": None, "reason": str(error)}
    return {"eigenvalues": values.tolist(), "residuals": residuals.tolist()}


def measure_hessian(model: str, calibration: str, settings: dict, output: str) -> None:
    """Write the record: eigenvalues of the trained model, of the control, and of every XᵀX.

    Args:
        model: provenance.json in the model's folder.
        calibration: frozen tokens.
        settings: "eigenvalues", how many of the largest; "windows" of the calibration tokens.
        output: JSON.
    """
    clock, folder, top = Stopwatch(), Path(model).parent, settings["eigenvalues"]
    tokens = load_file(calibration)["input_ids"]
    if settings["windows"] > len(tokens):
        raise ValueError(
            f"hessian.windows: {settings['windows']} exceeds calibration.samples, {len(tokens)}"
        )
    windows = tokens[: settings["windows"]]
    inputs = [
        {
            "block": block,
            "projections": projections,
            # Beyond the number of tokens there is rounding alone.
            "eigenvalues": values[: min(top, windows.numel())].tolist(),
        }
        for block, projections, values in input_hessian.input_spectra(
            folder, windows, device.pick()
        )
    ]
    write_json(
        output,
        {
            "trained": loss_record(folder, windows, top, None),
            "random": loss_record(folder, windows, top, CONTROL_SEED) | {"seed": CONTROL_SEED},
            "inputs": inputs,
            "model": {key: read_json(model)[key] for key in ("source", "revision")},
            "tokens": {"sha256": sha256(calibration), "windows": list(windows.shape)},
            "device": device.pick().type,
            "versions": versions("torch", "transformers"),
            **clock.usage(),
        },
    )


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        torch.set_num_threads(snakemake.threads)
        measure_hessian(
            snakemake.input.model,
            snakemake.input.calibration,
            snakemake.params.settings,
            snakemake.output.record,
        )
