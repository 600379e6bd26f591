"""Every costly stage on a GPU, with a random model of LLaMA-7B's shapes; prints README.md's tables.

./run python benchmarks/gpu.py                  # at most nine minutes on an H100, 45 GB of disk
./run python benchmarks/gpu.py --tiny           # whether it runs, on any machine
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

import torch
from safetensors.torch import load_file

LLAMA_7B = {
    "hidden_size": 4096,
    "intermediate_size": 11008,
    "num_attention_heads": 32,
    "vocab_size": 32000,
}
TINY = {
    "hidden_size": 64,
    "intermediate_size": 160,
    "num_attention_heads": 4,
    "vocab_size": 300,
}
# 341,469 tokens of text hold 166 whole windows.
CALIBRATION, TEST, QUESTIONS = (128, 2048), (166, 2048), 512
TINY_CALIBRATION, TINY_TEST, TINY_QUESTIONS = (4, 64), (4, 64), 4
# Beyond so many seconds the spectra of all blocks are taken for so many times those of one.
PATIENCE = 90
# On an H100 with LLaMA-7B, 128 windows of 2048 tokens: seconds, and bytes of its memory.
PUBLISHED = {"wanda": (55, 22e9), "sparsegpt": (322, 23e9)}


def prepare(folder: Path, tiny: bool, blocks: int) -> None:
    """The timed model and a tiny one that loads every library and kernel, each with inputs."""
    from seven_billion import write_inputs, write_model

    for name, small in (("warm", True), ("timed", tiny)):
        write_model(
            folder / name / "model", 2 if small else blocks, **(TINY if small else LLAMA_7B)
        )
        sizes = (CALIBRATION, TEST, QUESTIONS)
        small_sizes = (TINY_CALIBRATION, TINY_TEST, TINY_QUESTIONS)
        write_inputs(folder / name, *(small_sizes if small else sizes))


def synchronize() -> None:
    """Wait for what the GPU was given."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()


@contextmanager
def clock(into: dict, key: str = "seconds") -> Iterator[None]:
    """Add the seconds of a block of code, the GPU's part of it too."""
    synchronize()
    start = time.perf_counter()
    yield
    synchronize()
    into[key] = into.get(key, 0.0) + time.perf_counter() - start


def products(place: Path, tokens: int, head: bool) -> float:
    """Operations of the matrix products of one forward pass, without attention's own."""
    from seven_billion import weights_of_blocks

    config = json.loads((place / "model/config.json").read_text())
    logits = config["vocab_size"] * config["hidden_size"] if head else 0
    return 2.0 * tokens * (weights_of_blocks(place / "model") + logits)


def matmul(_place: Path, _device: torch.device) -> dict:
    """The rate of one large product of random matrices, as this card computes it."""
    gpu = torch.cuda.is_available()
    side, dtype = (8192, torch.float16) if gpu else (512, torch.float32)
    a, b = (torch.randn(side, side, dtype=dtype, device=_device) for _ in "ab")
    for _ in range(3):
        a @ b
    found, repeats = {}, 20 if gpu else 3
    with clock(found):
        for _ in range(repeats):
            a @ b
    return {"operations": 2.0 * side**3 * repeats, **found}


def spectra(place: Path, device: torch.device) -> dict:
    """Spectra of the first block, and of all where that takes no longer than PATIENCE."""
    from seven_billion import blocks_of

    from heavytail.models.checkpoint import Checkpoint
    from heavytail.spectra.block_weights import BlockWeights
    from heavytail.spectra.measures import spectra as measured

    checkpoint, blocks, found = Checkpoint(place / "model"), blocks_of(place / "model"), {}
    with clock(found, "one_block"):
        measured.measure(BlockWeights(checkpoint, 0, device))
    whole = blocks * found["one_block"] <= PATIENCE
    if whole:
        with clock(found):
            for index in range(blocks):
                measured.measure(BlockWeights(checkpoint, index, device))
    else:
        found["seconds"] = blocks * found["one_block"]
    return found | {"extrapolated": not whole}


def prune(method: str) -> Callable[[Path, torch.device], dict]:
    """The function of a row: a cell, from files to files; the artifact stays beside the model."""

    def row(place: Path, _device: torch.device) -> dict:
        from heavytail.pruning.cell import prune_cell

        calibration, found = place / "calibration.safetensors", {}
        settings = {"method": method, "within_block": "exact", "group_size": None, "code": ""}
        with clock(found):
            prune_cell(
                str(place / "model/provenance.json"),
                str(place / "ratios.csv"),
                str(calibration),
                settings,
                float("inf"),
                (str(place / f"{method}.safetensors"), str(place / f"{method}.json")),
            )
        tokens = load_file(calibration)["input_ids"].numel()
        # Twice through all blocks.
        return {"tokens": tokens, "operations": 2 * products(place, tokens, head=False), **found}

    return row


def perplexity(artifact: str | None) -> Callable[[Path, torch.device], dict]:
    """The function of a row: the losses of all windows, of the dense model or of a cell."""

    def row(place: Path, device: torch.device) -> dict:
        from heavytail.evaluation.perplexity import negative_log_likelihoods
        from heavytail.models.streaming import StreamedModel
        from heavytail.pruning.artifact import Artifact

        windows, found = load_file(place / "test.safetensors")["input_ids"], {}
        with clock(found):
            pruned = Artifact(place / f"{artifact}.safetensors") if artifact else None
            model = StreamedModel(place / "model", device, pruned)
            losses = negative_log_likelihoods(model, windows)
        assert losses.isfinite().all()
        tokens = windows.numel()
        return {"tokens": tokens, "operations": products(place, tokens, head=True), **found}

    return row


def loading(place: Path, device: torch.device) -> dict:
    """How long a pass over few windows waits for blocks that it is not computing with.

    `read_alone`: all blocks, one after the other, nothing computed. `computed`, `waited`: of a pass
    through all blocks, the time with a block and the time until the next one was there.
    """
    from heavytail.models.streaming import StreamedModel, batches_of

    windows, found = load_file(place / "test.safetensors")["input_ids"], {}
    # So few on a CPU that reading takes about as long as computing.
    windows = windows if device.type == "cuda" else windows[:1, :64]
    forget(place / "model")
    with clock(found, "read_alone"):
        for _ in StreamedModel(place / "model", device).blocks():
            synchronize()
    model = StreamedModel(place / "model", device)
    states = model.embed(batches_of(windows))
    forget(place / "model")
    with torch.no_grad(), clock(found):
        for index, block in model.blocks():
            with clock(found, "computed"):
                model.advance(index, block, states)
    found["waited"] = found["seconds"] - found["computed"]
    return {"tokens": windows.numel(), **found}


def forget(folder: Path) -> None:
    """Let the system drop what it keeps of a folder's files in memory."""
    for path in folder.iterdir():
        with open(path, "rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def zero_shot(place: Path, device: torch.device) -> dict:
    """Log-likelihoods of short sequences through lm-eval, the model being loaded."""
    from seven_billion import CHOICES, CONTEXT, ENDING
    from transformers import AutoTokenizer

    from heavytail.evaluation import zero_shot as engine
    from heavytail.models.loading import load_model

    found = {}
    with clock(found, "loaded"):
        model = load_model(place / "model", device)
    tokenizer = AutoTokenizer.from_pretrained(place / "model")
    with clock(found):
        tasks = place / "tasks"
        results = engine.evaluate(model, tokenizer, ["random"], str(tasks), "none", "shared")
    questions = len(results["log_likelihoods"]["random"])
    tokens = questions * CHOICES * (CONTEXT + ENDING)
    return {"tokens": tokens, "operations": products(place, tokens, head=True), **found}


ROWS: dict[str, Callable[[Path, torch.device], dict]] = {
    "matmul": matmul,
    "spectra": spectra,
    "loading": loading,
    "wanda": prune("wanda"),
    "sparsegpt": prune("sparsegpt"),
    "perplexity": perplexity(None),
    "perplexity of a wanda cell": perplexity("wanda"),
    "perplexity of a sparsegpt cell": perplexity("sparsegpt"),
    "zero-shot": zero_shot,
}


def high_water() -> int:
    """The process's own peak resident memory in bytes, mapped files included."""
    with open("/proc/self/status") as lines:
        return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


def measure(row: str, folder: Path) -> dict:
    """One row's figures."""
    from heavytail.models import device

    place = device.pick()
    ROWS[row](folder / "warm", place)
    if place.type == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    found = ROWS[row](folder / "timed", place) | {"host_bytes": high_water()}
    if place.type == "cuda":
        found["gpu_bytes"] = torch.cuda.max_memory_allocated()
        found["gpu_bytes_reserved"] = torch.cuda.max_memory_reserved()
    return found


def apart(row: str, folder: Path) -> dict:
    """One row's figures, measured in a process of its own."""
    command = [sys.executable, __file__, "--measure", row, "--folder", str(folder)]
    offline = os.environ | {"HF_HUB_OFFLINE": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=offline)
    if done.returncode:
        sys.exit(f"{row}: {done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def line(row: str, found: dict, rate: float) -> str:
    """A row of the table."""
    tokens, operations = found.get("tokens"), found.get("operations")
    cells = [
        row,
        f"{found['seconds']:.1f}",
        f"{tokens / found['seconds']:,.0f}" if tokens else "",
        f"{operations / found['seconds'] / rate:.2f}" if operations else "",
        f"{found['gpu_bytes'] / 1e9:.2f}" if "gpu_bytes" in found else "",
        f"{found['gpu_bytes_reserved'] / 1e9:.2f}" if "gpu_bytes" in found else "",
        f"{found['host_bytes'] / 1e9:.2f}",
    ]
    return f"| {' | '.join(cells)} |"


def remarks(found: dict[str, dict], published: bool) -> Iterator[str]:
    """What the table does not say."""
    one, whole = found["spectra"]["one_block"], found["spectra"]["seconds"]
    way = "extrapolated" if found["spectra"]["extrapolated"] else "measured"
    yield f"- Spectra of one block {one:.1f} s, of all {whole:.1f} s ({way})."
    ahead = found["loading"]
    yield (
        f"- Blocks from disk: {ahead['read_alone']:.1f} s to read them all; a pass over "
        f"{ahead['tokens']:,} tokens that computes for {ahead['computed']:.1f} s waits for them "
        f"{ahead['waited']:.1f} s."
    )
    yield f"- Zero-shot: the model was loaded in {found['zero-shot']['loaded']:.1f} s beside that."
    for method, (seconds, held) in PUBLISHED.items() if published else ():
        ours, held_by_us = found[method], found[method].get("gpu_bytes_reserved")
        share = f", {held_by_us / held:.2f} of its memory" if held_by_us else ""
        yield f"- {method}: {ours['seconds'] / seconds:.2f} of the published {seconds} s{share}."


def machine() -> str:
    """Card, processors and versions."""
    card = torch.cuda.get_device_name() if torch.cuda.is_available() else "no GPU"
    packages = ", ".join(f"{p} {version(p)}" for p in ("torch", "transformers", "lm_eval"))
    return f"{card}, {os.cpu_count()} cores, Python {platform.python_version()}, {packages}"


def main(options: argparse.Namespace, folder: Path) -> None:
    """Run all rows and print their table."""
    print(machine(), flush=True)
    seconds: dict[str, float] = {}
    if not (folder / "timed").exists():
        with clock(seconds):
            prepare(folder, options.tiny, options.blocks)
        print(f"the model was made in {seconds['seconds']:.1f} s", flush=True)
    # What a tiny model takes of memory is nothing to know.
    figures = measure if options.tiny else apart
    found = {"matmul": figures("matmul", folder)}
    rate = found["matmul"]["operations"] / found["matmul"]["seconds"]
    print(f"a large product of matrices: {rate / 1e12:.2f} TFLOP/s\n", flush=True)
    print("| | seconds | tokens/s | share of that rate | GPU GB | reserved | host GB |")
    print("|:--|--:|--:|--:|--:|--:|--:|", flush=True)
    for row in options.rows or [name for name in ROWS if name != "matmul"]:
        found[row] = figures(row, folder)
        print(line(row, found[row], rate), flush=True)
    if not options.rows:
        print("", *remarks(found, not options.tiny), sep="\n")
    if options.json:
        options.json.write_text(json.dumps(found | {"machine": machine()}, indent=1))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--tiny", action="store_true", help="a model that any machine has room for")
    parser.add_argument("--blocks", type=int, default=32, help="of the model: LLaMA-7B has 32")
    parser.add_argument("--rows", nargs="+", choices=ROWS, help="only these")
    parser.add_argument("--json", type=Path, help="where all figures go, too")
    parser.add_argument("--folder", type=Path, help="where the models go and stay, or are")
    parser.add_argument("--measure", metavar="ROW", choices=ROWS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure(options.measure, options.folder)))
    elif options.folder:
        main(options, options.folder.resolve())
    else:
        with tempfile.TemporaryDirectory() as temporary:
            main(options, Path(temporary))
