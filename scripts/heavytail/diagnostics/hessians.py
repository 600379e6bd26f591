"""The spectra of a model's loss Hessian and layer-input Hessians, on frozen tokens."""

import logging
import math
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file

from heavytail.config.entries import Hessian
from heavytail.diagnostics import input_hessian
from heavytail.diagnostics import loss_hessian as hessian
from heavytail.io.computed import Stopwatch, versions
from heavytail.io.files import read_json, sha256, write_json
from heavytail.models import device

CONTROL_SEED = 0


def loss_record(
    folder: Path, windows: torch.Tensor, top: int, room: float, seed: int | None
) -> dict[str, Any]:
    """The largest eigenvalues of the loss Hessian, or the reason if the model is too large."""
    try:
        values, residuals = hessian.loss_spectrum(folder, windows, top, device.pick(), seed, room)
    except hessian.TooLargeError as error:
        logging.warning("%s", error)
        return {"eigenvalues": None, "reason": str(error)}
    return {"eigenvalues": values.tolist(), "residuals": residuals.tolist()}


def input_records(
    folder: Path, windows: torch.Tensor, top: int, seed: int | None
) -> list[dict[str, Any]]:
    """The largest eigenvalues of every XᵀX; those beyond the number of tokens are only rounding."""
    count = min(top, windows.numel())
    found = input_hessian.input_spectra(folder, windows, device.pick(), seed)
    return [
        {"block": block, "projections": projections, "eigenvalues": values[:count].tolist()}
        for block, projections, values in found
    ]


def measure_hessian(
    model: str, calibration: str, settings: Hessian, output: str, room: float = math.inf
) -> None:
    """Write the record: eigenvalues of the trained model, of the control, and of every XᵀX.

    Args:
        model: provenance.json in the model's folder.
        calibration: frozen tokens.
        settings: "eigenvalues", the number of largest ones, and "windows", of calibration tokens.
        output: the JSON file to write.
        room: bytes that the job may use on a CPU. Without room for the loss Hessians, the record
            says so in their places.
    """
    clock, folder, top = Stopwatch(), Path(model).parent, settings["eigenvalues"]
    windows = load_file(calibration)["input_ids"][: settings["windows"]]
    write_json(
        output,
        {
            "trained": loss_record(folder, windows, top, room, None),
            "random": loss_record(folder, windows, top, room, CONTROL_SEED)
            | {"seed": CONTROL_SEED},
            "inputs": input_records(folder, windows, top, None),
            "random_inputs": input_records(folder, windows, top, CONTROL_SEED),
            "model": {key: read_json(model)[key] for key in ("source", "revision")},
            "tokens": {"sha256": sha256(calibration), "windows": list(windows.shape)},
            "device": device.pick().type,
            "versions": versions("torch", "transformers"),
            **clock.usage(),
        },
    )
