"""Pruning and perplexity against their peers, in one run; prints the tables of README.md.

./run python benchmarks/pruning.py --llm-compressor PYTHON      # the Python of its own environment
"""

import argparse
import csv
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from functools import partial
from importlib.metadata import version
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

SPARSITY, LENGTH, BATCH = 0.7, 512, 8
METHODS = ("wanda", "sparsegpt")
# Hidden layers, width, inner width, heads, key and value heads, vocabulary, tied embeddings.
SHAPES = {
    "warm": (2, 256, 384, 4, 4, 512, True),
    "91 M": (12, 768, 2048, 12, 12, 8192, True),
    "1.1 B": (22, 2048, 5632, 32, 4, 32000, False),
}


def prepare(place: Path, shape: str, dtype: torch.dtype, windows: int) -> None:
    """A random LLaMA as a Hugging Face folder, tokens, and a uniform allocation."""
    from transformers import AutoModelForCausalLM, LlamaConfig

    blocks, width, inner, heads, shared, vocabulary, tied = SHAPES[shape]
    config = LlamaConfig(
        num_hidden_layers=blocks,
        hidden_size=width,
        intermediate_size=inner,
        num_attention_heads=heads,
        num_key_value_heads=shared,
        vocab_size=vocabulary,
        tie_word_embeddings=tied,
    )
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(config, dtype=dtype)
    model.save_pretrained(place / "model")
    ids = torch.randint(vocabulary, (windows, LENGTH))
    save_file({"input_ids": ids}, place / "tokens.safetensors")
    with open(place / "ratios.csv", "w", newline="") as handle:
        rows = csv.writer(handle)
        rows.writerow(("block", "projection", "parameters", "sparsity"))
        for name, module in model.named_modules():
            if isinstance(module, torch.nn.Linear) and name != "lm_head":
                block, projection = name.split(".")[2], name.split(".")[-1]
                rows.writerow((block, projection, module.weight.numel(), SPARSITY))


def load(place: Path) -> tuple:
    """The whole model in memory and the token ids [windows, length]."""
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(place / "model", dtype="auto").eval()
    return model, load_file(place / "tokens.safetensors")["input_ids"]


def timed(function, *arguments, **keywords) -> float:
    """Seconds of one call."""
    start = time.perf_counter()
    function(*arguments, **keywords)
    return time.perf_counter() - start


@torch.no_grad()
def forward(place: Path, _method: str, batch: int) -> float:
    """transformers' decoder without logits, `batch` windows at a time."""
    model, ids = load(place)
    return timed(lambda: [model.model(part, use_cache=False) for part in ids.split(batch)])


@torch.no_grad()
def whole_perplexity(place: Path, _method: str) -> float:
    """transformers' whole model: logits and the loss of every window."""
    model, ids = load(place)

    def losses() -> None:
        for part in ids.split(BATCH):
            logits = model(part, use_cache=False).logits[:, :-1].float()
            torch.nn.functional.cross_entropy(logits.flatten(0, 1), part[:, 1:].flatten())

    return timed(losses)


def published(place: Path, method: str) -> float:
    """The papers' procedure on a model in memory."""
    from published import prune

    model, ids = load(place)
    return timed(prune, model, ids, method, SPARSITY)


def llm_compressor(place: Path, method: str, batch: int) -> float:
    """llm-compressor's oneshot on a model in memory."""
    from datasets import Dataset
    from llmcompressor import oneshot
    from llmcompressor.modifiers.pruning import SparseGPTModifier, WandaPruningModifier
    from tokenizers import Tokenizer, models
    from transformers import PreTrainedTokenizerFast

    model, ids = load(place)
    modifier = {"wanda": WandaPruningModifier, "sparsegpt": SparseGPTModifier}[method]
    return timed(
        oneshot,
        model=model,
        dataset=Dataset.from_dict({"input_ids": ids.tolist()}),
        recipe=modifier(sparsity=SPARSITY, mask_structure="0:0", ignore=["re:.*lm_head"]),
        # Asked for, though nothing is left to tokenise.
        processor=PreTrainedTokenizerFast(tokenizer_object=Tokenizer(models.BPE())),
        pipeline="sequential",
        batch_size=batch,
        num_calibration_samples=len(ids),
        max_seq_length=LENGTH,
        shuffle_calibration_samples=False,
    )


def ours(place: Path, method: str, within_block: str) -> float:
    """prune_cell, from files to files."""
    from heavytail.pruning.cell import prune_cell

    settings = {"method": method, "within_block": within_block, "group_size": None, "code": ""}
    with tempfile.TemporaryDirectory(dir=place) as outputs:
        return timed(
            prune_cell,
            model=str(place / "model" / "config.json"),
            ratios=str(place / "ratios.csv"),
            calibration=str(place / "tokens.safetensors"),
            settings=settings,
            budget=float("inf"),
            outputs=(f"{outputs}/artifact.safetensors", f"{outputs}/record.json"),
        )


def our_perplexity(place: Path, _method: str) -> float:
    """The losses of all windows, from files."""
    from heavytail.evaluation import perplexity
    from heavytail.models import device
    from heavytail.models.streaming import StreamedModel

    def losses() -> None:
        model = StreamedModel(place / "model", device.pick())
        ids = load_file(place / "tokens.safetensors")["input_ids"]
        perplexity.negative_log_likelihoods(model, ids)

    return timed(losses)


BARE = f"transformers' decoder, {BATCH} windows at a time"
EXACT = "ours, exact"
FORWARD = {
    BARE: partial(forward, batch=BATCH),
    "transformers' decoder, one window at a time": partial(forward, batch=1),
    "transformers' whole model: logits and losses": whole_perplexity,
    "ours: perplexity": our_perplexity,
}
PRUNING = {
    EXACT: partial(ours, within_block="exact"),
    "ours, one pass (sequential)": partial(ours, within_block="sequential"),
    "published procedure": published,
}
COMPRESSOR = {
    "llm-compressor, one window at a time": partial(llm_compressor, batch=1),
    f"llm-compressor, {BATCH} windows at a time": partial(llm_compressor, batch=BATCH),
}
ROWS = FORWARD | PRUNING | COMPRESSOR


def high_water() -> float:
    """The process's own peak resident memory in MB."""
    with open("/proc/self/status") as lines:
        kilobytes = next(line.split()[1] for line in lines if line.startswith("VmHWM"))
    return int(kilobytes) * 1024 / 1e6


def measure(row: str, folder: Path, method: str) -> None:
    """Print one row's figures as JSON; a tiny model first loads every library and thread."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))
    ROWS[row](folder / "warm", method)
    libraries = high_water()
    # What others are divided by is timed twice, the better time counts.
    seconds = min(ROWS[row](folder / "timed", method) for _ in range(1 + (row in FORWARD)))
    print(json.dumps({"seconds": seconds, "peak": high_water(), "libraries": libraries}))


def apart(row: str, folder: Path, method: str = "wanda", python: str = sys.executable) -> dict:
    """One row's figures, measured in a process of its own that sees no GPU."""
    command = [python, __file__, "--measure", row, "--folder", str(folder), "--method", method]
    hidden = os.environ | {"CUDA_VISIBLE_DEVICES": "", "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=hidden, cwd=folder)
    if done.returncode:
        sys.exit(f"{row}, {method}: {done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def versions(python: str, packages: tuple[str, ...]) -> str:
    """The versions of packages in the environment of a Python interpreter."""
    code = "import sys, importlib.metadata as m; print(*map(m.version, sys.argv[1:]))"
    command = [python, "-c", code, *packages]
    found = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return ", ".join(f"{p} {v}" for p, v in zip(packages, found, strict=True))


def speed(folder: Path, compressor: str | None) -> None:
    """Print the tables of forward passes and of pruning."""
    print("\n| forward pass | seconds | over the decoder's | peak MB |\n|:--|--:|--:|--:|")
    found = {}
    for row in FORWARD:
        found[row] = apart(row, folder)
        seconds, peak = found[row]["seconds"], found[row]["peak"]
        share = seconds / found[BARE]["seconds"]
        print(f"| {row} | {seconds:.1f} | {share:.2f} | {peak:.0f} |", flush=True)
    for method in METHODS:
        print(f"\n| {method} | seconds | in forward passes | ours is faster by | peak MB |")
        print("|:--|--:|--:|--:|--:|")
        for row in PRUNING | (COMPRESSOR if compressor else {}):
            python = compressor if row in COMPRESSOR else sys.executable
            found[row] = apart(row, folder, method, python)
            seconds, peak = found[row]["seconds"], found[row]["peak"]
            passes, faster = seconds / found[BARE]["seconds"], seconds / found[EXACT]["seconds"]
            print(
                f"| {row} | {seconds:.1f} | {passes:.2f} | {faster:.2f} | {peak:.0f} |", flush=True
            )


def memory(folder: Path) -> None:
    """Print the table of peak memory on a larger model."""
    for method in METHODS:
        print(f"\n| {method} | peak MB | of it libraries | over ours | seconds |")
        print("|:--|--:|--:|--:|--:|")
        least = None
        for row in PRUNING:
            found = apart(row, folder, method)
            least = least or found["peak"]
            print(
                f"| {row} | {found['peak']:.0f} | {found['libraries']:.0f} "
                f"| {found['peak'] / least:.2f} | {found['seconds']:.1f} |",
                flush=True,
            )


def processor() -> str:
    """The processor's name."""
    with open("/proc/cpuinfo") as lines:
        return next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))


def parts(options: argparse.Namespace, folder: Path) -> None:
    """Run everything and print it."""
    print(f"{os.cpu_count()} cores, {processor()}, Python {platform.python_version()}, ", end="")
    print(", ".join(f"{p} {version(p)}" for p in ("torch", "transformers")))
    if options.llm_compressor:
        packages = ("llmcompressor", "torch", "transformers")
        print(f"llm-compressor's environment: {versions(options.llm_compressor, packages)}")
    dtype = getattr(torch, options.dtype)
    for shape, kind, windows in (("91 M", dtype, 32), ("1.1 B", torch.bfloat16, 4)):
        if shape == "1.1 B" and options.skip_memory:
            continue
        place = folder / shape.replace(" ", "-")
        prepare(place / "warm", "warm", kind, BATCH)
        prepare(place / "timed", shape, kind, windows)
        print(f"\nLLaMA of {shape} parameters, {kind}, {windows} × {LENGTH} tokens:")
        if shape == "1.1 B":
            memory(place)
        else:
            speed(place, options.llm_compressor)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--dtype", choices=("float32", "bfloat16"), default="float32")
    parser.add_argument(
        "--llm-compressor", metavar="PYTHON", type=os.path.abspath, help="of its own environment"
    )
    parser.add_argument("--skip-memory", action="store_true", help="only the smaller model")
    parser.add_argument("--folder", type=Path, help="where the models go; else a temporary folder")
    parser.add_argument("--measure", metavar="ROW", choices=ROWS, help=argparse.SUPPRESS)
    parser.add_argument("--method", choices=METHODS, default="wanda", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        measure(options.measure, options.folder, options.method)
    elif options.folder:
        parts(options, options.folder.resolve())
    else:
        with tempfile.TemporaryDirectory() as temporary:
            parts(options, Path(temporary))
