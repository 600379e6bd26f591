"""The trials that choose an allocation's epsilon, grouping or metric on held-out text."""

import json
import math
from functools import partial
from pathlib import Path

import torch
from safetensors.torch import load_file

from heavytail.allocation.ratios import ratios_of
from heavytail.config.entries import Candidate
from heavytail.evaluation.halving import halve
from heavytail.evaluation.settings import TuneSettings
from heavytail.evaluation.trial import validation_loss
from heavytail.io.computed import Stopwatch, computed_by, versions
from heavytail.io.files import scratch, sha256, write_json
from heavytail.io.parts import Parts
from heavytail.models import device
from heavytail.models.checkpoint import Checkpoint
from heavytail.pruning.loop import Procedure, chosen
from heavytail.pruning.settings import PruneSettings


class Trials:
    """The trials of an allocation in the order of the halving, with those of a killed job."""

    def __init__(
        self,
        files: dict[str, str],
        settings: TuneSettings,
        pruning: PruneSettings,
        budget: float,
    ):
        """Read what all trials have in common; the arguments are those of `tune_allocation`."""
        self.files, self.settings, self.pruning, self.budget = files, settings, pruning, budget
        self.model = Path(files["model"]).parent, device.pick()
        checkpoint = Checkpoint(self.model[0])
        self.shapes, self.dtype = checkpoint.matrices(), checkpoint.dtype
        self.validation = load_file(files["validation"])["input_ids"]
        self.calibration = torch.empty(0, 1, dtype=torch.long)
        if "calibration" in files:
            self.calibration = load_file(files["calibration"])["input_ids"]
        self.sums = {name: sha256(path) for name, path in files.items()}
        self.done: list[dict[str, object]] = []

    def parts(self, output: str) -> Parts:
        """The losses of finished trials, with a file for each."""
        computed = computed_by(self.model[1], self.dtype)
        return Parts(output, json.dumps([self.settings, self.pruning, self.sums, computed]))

    def loss(self, parts: Parts, number: int, candidate: Candidate, units: int) -> float:
        """The loss of a candidate, on `units` validation windows and their share of calibration."""
        samples = -(-len(self.calibration) * units // len(self.validation))
        part = parts.path(len(self.done))
        if not part.is_file():
            settings: TuneSettings = {**self.settings, **candidate}
            ratios = ratios_of(self.shapes, settings, self.files)
            procedure = Procedure(*chosen(self.pruning), ratios, self.pruning["group_size"])
            texts = self.calibration[:samples], self.validation[:units]
            with scratch(parts.folder / "trial") as work:
                found = validation_loss(self.model, procedure, *texts, work, self.budget)
            parts.put(len(self.done), {"loss": torch.tensor(found, dtype=torch.float64)})
        found = load_file(part)["loss"].item()
        tried = {"round": number, **candidate, "windows": units, "samples": samples}
        self.done.append(tried | {"loss": found if math.isfinite(found) else None})
        return found


def tune_allocation(
    files: dict[str, str],
    settings: TuneSettings,
    pruning: PruneSettings,
    budget: float,
    output: str,
) -> None:
    """Write the settings that were chosen, and every trial with its loss.

    Args:
        files: "model" (provenance.json in its folder), "validation" (frozen windows), "calibration"
            if the method reads it, and the guides of `ratios_of`.
        settings: those of the allocation, and "candidates", each with the settings that it changes.
        pruning: "method", "within_block", "group_size" and "code", as prune_cell takes them.
        budget: bytes of hidden states that stay in memory.
        output: the JSON file to write.
    """
    clock, trials = Stopwatch(), Trials(files, settings, pruning, budget)
    parts = trials.parts(output)
    best = halve(settings["candidates"], len(trials.validation), partial(trials.loss, parts))
    computed = {"device": trials.model[1].type, "versions": versions("torch", "transformers")}
    record = {"chosen": best, "trials": trials.done, "sha256": trials.sums}
    write_json(output, record | computed | clock.usage())
    parts.discard()
