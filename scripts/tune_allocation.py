"""Choose an allocation's epsilon, and its grouping if asked, on held-out text."""

import json
import math
from pathlib import Path

import torch
from safetensors.torch import load_file

from heavytail import device
from heavytail.checkpoint import Checkpoint
from heavytail.files import scratch, sha256, write_json
from heavytail.halving import halve
from heavytail.jobs import Stopwatch, logged, versions
from heavytail.pruning import Procedure, chosen
from heavytail.ratios import ratios_of
from heavytail.resume import Parts
from heavytail.trial import validation_loss
from heavytail.wholeness import require_whole


def tune_allocation(
    files: dict[str, str], settings: dict, pruning: dict, budget: float, output: str
) -> None:
    """Write what was chosen, and every trial with its loss.

    Args:
        files: "model" (provenance.json in its folder), "validation" (frozen windows), "calibration"
            unless the method reads none, and the guides of `ratios_of`.
        settings: of the allocation, and "candidates", each with what it changes of them.
        pruning: "method", "within_block", "of" and "code", as prune_cell has them.
        budget: bytes of hidden states that stay in memory.
        output: JSON.
    """
    clock = Stopwatch()
    folder, place = Path(files["model"]).parent, device.pick()
    shapes = Checkpoint(folder).matrices()
    validation = load_file(files["validation"])["input_ids"]
    calibration = torch.empty(0, 1, dtype=torch.long)
    if "calibration" in files:
        calibration = load_file(files["calibration"])["input_ids"]
    parts = Parts(output, json.dumps([settings, pruning, [*map(sha256, files.values())]]))
    trials = []

    def loss(number: int, candidate: dict, units: int) -> float:
        """Of a round's candidate on `units` validation windows and their share of calibration."""
        samples = -(-len(calibration) * units // len(validation))
        if not parts.path(len(trials)).is_file():
            ratios = ratios_of(shapes, settings | candidate, files)
            procedure = Procedure(*chosen(pruning), ratios, pruning["of"])
            with scratch(parts.folder / "trial") as work:
                texts = calibration[:samples], validation[:units]
                found = validation_loss((folder, place), procedure, *texts, work, budget)
            parts.put(len(trials), {"loss": torch.tensor(found, dtype=torch.float64)})
        found = load_file(parts.path(len(trials)))["loss"].item()
        tried = {"round": number, **candidate, "windows": units, "samples": samples}
        trials.append(tried | {"loss": found if math.isfinite(found) else None})
        return found

    best = halve(settings["candidates"], len(validation), loss)
    computed = {"device": place.type, "versions": versions("torch", "transformers")}
    write_json(output, {"chosen": best, "trials": trials, **computed, **clock.usage()})
    parts.discard()


if __name__ == "__main__":
    with logged(snakemake.log[0], "tune.windows"):
        require_whole(snakemake.input)
        torch.set_num_threads(snakemake.threads)
        tune_allocation(
            {name: path for name, path in snakemake.input.items() if path},
            snakemake.params.settings,
            snakemake.params.pruning | {"code": snakemake.params.digest},
            2**20 * snakemake.resources.get("activations_mb", float("inf")),
            snakemake.output.record,
        )
