"""How much perplexity moves if only the order of a cell's calibration windows changes.

./run python benchmarks/noise_floor.py MODEL CALIBRATION TEST      # a folder and two text files

A cell with uniform ratios is pruned once per order and scored on test text. Order 0 is that of the
text, order 1 its reverse, the others are drawn. In exact arithmetic every order gives one and the
same cell, so differences between cells that are smaller than this spread say nothing.
"""

import argparse
import importlib
import sys
import tempfile
from math import exp
from pathlib import Path

# Beside the package, as in a job.
sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

import torch
from transformers import AutoTokenizer

from heavytail.evaluation.trial import validation_loss
from heavytail.models.checkpoint import Checkpoint
from heavytail.models.device import compute_dtype, pick
from heavytail.pruning.loop import Procedure
from heavytail.pruning.within_block import exact


def windows(folder: Path, text: Path, count: int, length: int) -> torch.Tensor:
    """Windows of a text at equal distances, int64 [count, length]."""
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    ids = torch.tensor(tokenizer(text.read_text(encoding="utf-8"))["input_ids"])
    starts = torch.linspace(0, len(ids) - length, count).long().tolist()
    return torch.stack([ids[start : start + length] for start in starts])


def orders(count: int, number: int) -> list[torch.Tensor]:
    """So many orders of `count` windows."""
    generator = torch.Generator().manual_seed(0)
    found = [torch.arange(count), torch.arange(count).flip(0)]
    found += [torch.randperm(count, generator=generator) for _ in range(number - 2)]
    return found[:number]


def perplexities(options: argparse.Namespace, method: str, sparsity: float) -> list[float]:
    """The perplexity of a cell with each order of its calibration windows."""
    folder, device = options.model, pick()
    calibration = windows(folder, options.calibration, options.samples, options.length)
    test = windows(folder, options.test, options.windows, options.test_length)
    ratios = dict.fromkeys(Checkpoint(folder).matrices(), sparsity)
    module = importlib.import_module(f"heavytail.pruning.methods.{method}")
    procedure = Procedure(module, exact, ratios)
    found = []
    for order in orders(len(calibration), options.orders):
        with tempfile.TemporaryDirectory() as scratch:
            parts = (folder, device), procedure, calibration[order], test
            found.append(exp(validation_loss(*parts, Path(scratch), float("inf"))))
    return found


def main(options: argparse.Namespace) -> None:
    """Print the table, a row at a time."""
    kind = compute_dtype(Checkpoint(options.model).dtype, pick())
    print(f"{options.model.name}, {kind}, {torch.get_num_threads()} threads\n")
    numbers = range(options.orders)
    print("| method | sparsity |", *(f"order {number} |" for number in numbers), "spread |")
    print("|---|--:|" + "--:|" * (options.orders + 1))
    for method in options.methods:
        for sparsity in options.sparsities:
            found = perplexities(options, method, sparsity)
            spread = (max(found) - min(found)) / (sum(found) / len(found))
            cells = " | ".join(f"{perplexity:.3f}" for perplexity in found)
            print(f"| {method} | {sparsity} | {cells} | {spread:.2%} |", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for name in ("model", "calibration", "test"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--methods", nargs="+", default=["wanda", "sparsegpt"])
    parser.add_argument("--sparsities", nargs="+", type=float, default=[0.5, 0.7])
    parser.add_argument("--orders", type=int, default=4)
    parser.add_argument("--samples", type=int, default=16, help="calibration windows")
    parser.add_argument("--length", type=int, default=512, help="their tokens")
    parser.add_argument("--windows", type=int, default=16, help="test windows")
    parser.add_argument("--test-length", type=int, default=1024, help="their tokens")
    main(parser.parse_args())
