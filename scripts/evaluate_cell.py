"""Prune one cell, evaluate it and keep only its records: the artifact is deleted with the job."""

from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from heavytail.io.files import copy
from heavytail.pruning.origin import write_origin
from heavytail.pruning.settings import PruneSettings
from heavytail.running.jobs import Job, logged
from heavytail.running.store import Work, once
from heavytail.running.wholeness import require_whole

# What computes is imported where it is needed.
if TYPE_CHECKING:
    from heavytail.pruning.artifact import Artifact


class Cell:
    """A cell that is pruned only if something has to be measured on it, and then once."""

    def __init__(self, job: Job):
        """`job`: Snakemake's object of the script."""
        self.job, self.inputs = job, dict(job.input.items())
        pruning = job.params.prune_cell
        self.settings: PruneSettings = pruning["settings"] | {"code": pruning["digest"]}
        self.artifact = Path(job.output.pruned).with_suffix(".aside.safetensors")
        self.record = Path(job.output.pruned).with_suffix(".aside.json")
        self.budget = 2**20 * job.resources.get("activations_mb", float("inf"))
        self.pruned = cache(self.prune)

    def prune(self) -> "Artifact":
        """Prune the cell and return its artifact, which is beside the record until the job ends."""
        import torch

        from heavytail.pruning.artifact import Artifact
        from heavytail.pruning.cell import prune_cell

        torch.set_num_threads(self.job.threads)
        files = self.inputs["model"], self.inputs["ratios"], self.inputs.get("calibration")
        outputs = (str(self.artifact), str(self.record))
        prune_cell(*files, self.settings, self.budget, outputs)
        return Artifact(self.artifact)

    def describe(self) -> None:
        """Write the record of the pruning."""
        self.pruned()
        copy(self.record, self.job.output.pruned)

    def measure_perplexity(self, tokens: str, output: str) -> None:
        """Write the record of the perplexity by the protocol of these tokens."""
        from heavytail.evaluation.protocols import evaluate_protocol

        evaluate_protocol(self.inputs["model"], self.pruned(), tokens, self.budget, output)

    def measure_zero_shot(self) -> None:
        """Write the record of the zero-shot accuracy."""
        from heavytail.evaluation.zero_shot import evaluate_zero_shot

        files = self.inputs["model"], self.pruned(), self.inputs["tasks"]
        settings = self.job.params.evaluate_zero_shot["settings"]
        evaluate_zero_shot(*files, settings, self.job.output.zero_shot)


def evaluate_cell(job: Job) -> None:
    """Write the records and the origin of a cell."""
    cell = Cell(job)

    def part(rule: str, names: tuple[str, ...], output: str, compute: Callable[[], None]) -> None:
        # The key is that of the job that does only this part if artifacts are kept.
        inputs = {name: files.get(name) for name in names}
        work = Work(rule, job.params[rule], inputs, {"record": output}, job.threads)
        once(job.resources.get("store"), work, compute)

    files, output = dict(cell.inputs), job.output
    try:
        part("prune_cell", ("model", "ratios", "calibration"), output.pruned, cell.describe)
        write_origin(output.origin, cell.inputs, cell.settings, output.pruned)
        files["origin"] = output.origin
        scored = [("evaluate_perplexity", files["tokens"], output.perplexity)]
        others = zip(files.get("others") or [], output.get("protocols") or [], strict=True)
        scored += [("evaluate_protocol", *pair) for pair in others]
        for rule, tokens, record in scored:
            files["tokens"] = tokens
            measure = partial(cell.measure_perplexity, tokens, record)
            part(rule, ("model", "origin", "tokens"), record, measure)
        if output.get("zero_shot"):
            names = ("model", "origin", "tasks", "data")
            part("evaluate_zero_shot", names, output.zero_shot, cell.measure_zero_shot)
    finally:
        cell.artifact.unlink(missing_ok=True)
        cell.record.unlink(missing_ok=True)


if __name__ == "__main__":
    with logged(
        snakemake.log[0],
        "calibration.samples, calibration.length or evaluation.length, or keep hidden states on "
        "disk: --set-resources evaluate_cell:activations_mb=1000",
    ):
        require_whole(snakemake.input)
        evaluate_cell(snakemake)
