"""What each method costs on a model, beside one forward pass; prints README.md's table.

./run python benchmarks/methods.py MODEL TEXT      # a folder and a text file

Every row is measured in a process of its own, on one thread: its CPU time, so that other processes
change little, and its highest resident memory, libraries and mapped files included. A cell is
pruned from the model's files to files, with uniform ratios.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

import torch

# This one puts the package beside it, as in a job.
from noise_floor import windows
from pruning import high_water, processor

from heavytail.config.methods import labels
from heavytail.io.parts import Parts
from heavytail.models.checkpoint import Checkpoint
from heavytail.models.device import compute_dtype
from heavytail.models.streaming import StreamedModel, batches_of
from heavytail.pruning.loop import Procedure, chosen, prune_model
from heavytail.pruning.settings import PruneSettings

CPU = torch.device("cpu")
FORWARD = "forward pass"
METHODS = ["magnitude", "wanda", "ria", "stade", "sparsegpt", "rose", "alps"]
# What may follow a method, after the cheapest that it can follow.
STEPS = ["wanda-refit", "wanda-swaps"]
# Both remove half of the weights.
SPARSITIES: dict[str, int | None] = {"0.5": None, "2:4": 4}


def settings_of(label: str, sparsity: str) -> PruneSettings:
    """What a job that prunes such a cell receives."""
    variants = labels(METHODS, ["exact"], ["none", "swaps"], ["none", "refit"])
    found = {key: value for key, value in variants[label]._asdict().items() if value}
    defaults = {"within_block": None, "group_size": SPARSITIES[sparsity], "code": ""}
    return PruneSettings(**defaults | found)


def forward(folder: Path, ids: torch.Tensor) -> None:
    """All tokens through all blocks, whose weights come from disk; no logits."""
    model = StreamedModel(folder, CPU)
    model.run(model.embed(batches_of(ids)))


def pruned(folder: Path, ids: torch.Tensor, settings: PruneSettings) -> None:
    """A cell, from files to files."""
    ratios = dict.fromkeys(Checkpoint(folder).matrices(), 0.5)
    procedure = Procedure(*chosen(settings), ratios, settings["group_size"])
    with tempfile.TemporaryDirectory() as scratch:
        prune_model((folder, CPU), procedure, batches_of(ids), Parts(f"{scratch}/cell", ""))


def measure(options: argparse.Namespace) -> None:
    """Print one row's CPU seconds and peak in MB as JSON."""
    torch.set_num_threads(1)
    label, *sparsity = options.measure
    ids = windows(options.model, options.text, options.samples, options.length)
    # Loads every library, untimed.
    forward(options.model, ids[:1, :2])
    start = time.process_time()
    if sparsity:
        pruned(options.model, ids, settings_of(label, *sparsity))
    else:
        forward(options.model, ids)
    print(json.dumps([time.process_time() - start, high_water()]))


def apart(options: argparse.Namespace, *row: str) -> tuple[float, float]:
    """The CPU seconds and peak of a row, measured in a process of its own that sees no GPU."""
    sizes = "--samples", str(options.samples), "--length", str(options.length)
    places = str(options.model), str(options.text)
    hidden = os.environ | {"CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, __file__, *places, *sizes, "--measure", *row]
    done = subprocess.run(command, capture_output=True, text=True, env=hidden)
    if done.returncode:
        sys.exit(f"{' '.join(row)}: {done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def main(options: argparse.Namespace) -> None:
    """Print the table, a row at a time."""
    kind = compute_dtype(Checkpoint(options.model).dtype, CPU)
    print(f"{os.cpu_count()} cores, {processor()}, Python {platform.python_version()}, ", end="")
    print(", ".join(f"{name} {version(name)}" for name in ("torch", "transformers")))
    print(f"{options.model.name}, {kind}, {options.samples} × {options.length} tokens\n")
    print("| method | sparsity | seconds | forward passes | MB |\n|:--|--:|--:|--:|--:|")
    unit, peak = apart(options, FORWARD)
    print(f"| {FORWARD} | | {unit:.1f} | 1.00 | {peak:.0f} |", flush=True)
    for label in options.methods:
        for sparsity in SPARSITIES:
            seconds, peak = apart(options, label, sparsity)
            row = f"{seconds:.1f} | {seconds / unit:.2f} | {peak:.0f}"
            print(f"| {label} | {sparsity} | {row} |", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("model", type=Path, help="a folder")
    parser.add_argument("text", type=Path, help="calibration text")
    parser.add_argument("--samples", type=int, default=16, help="calibration windows")
    parser.add_argument("--length", type=int, default=512, help="their tokens")
    parser.add_argument("--methods", nargs="+", default=METHODS + STEPS, metavar="METHOD")
    parser.add_argument("--measure", nargs="+", help=argparse.SUPPRESS)
    options = parser.parse_args()
    measure(options) if options.measure else main(options)
