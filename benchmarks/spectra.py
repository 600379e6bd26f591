"""Spectra and metrics against their peers, in one run; prints the tables of README.md.

./run python benchmarks/spectra.py [size]        # size of LLaMA's width, 4096 by default
"""

import ctypes
import glob
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np
import scipy
import torch
from safetensors.torch import save_file

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

from heavytail.metrics import marchenko_pastur, randomised, shape, tails, tiles
from heavytail.models.checkpoint import Checkpoint
from heavytail.models.layout import slices_of
from heavytail.spectra.block_weights import BlockWeights
from heavytail.spectra.gram import eigenvalues
from heavytail.spectra.measures import spectra
from heavytail.spectra.spectrum import Spectrum

CPU = torch.device("cpu")


def block(width: int) -> dict[str, torch.Tensor]:
    """Heavy-tailed matrices of a LLaMA block's shapes: entries of Student's t, 3 degrees."""
    student = torch.distributions.StudentT(3.0)
    torch.manual_seed(0)
    inner = width * 43 // 16 // 256 * 256
    shapes = {name: (width, width) for name in ("q_proj", "k_proj", "v_proj", "o_proj")}
    shapes |= {"gate_proj": (inner, width), "up_proj": (inner, width), "down_proj": (width, inner)}
    return {name: 0.02 * student.sample(size) for name, size in shapes.items()}


def timed(function, *arguments) -> tuple[float, object]:
    """Seconds and result of one call."""
    start = time.perf_counter()
    result = function(*arguments)
    return time.perf_counter() - start, result


def save(weights: dict[str, torch.Tensor], folder: Path) -> None:
    """A checkpoint of one block in float16."""
    config = {"model_type": "llama", "num_hidden_layers": 1, "num_attention_heads": 32}
    (folder / "config.json").write_text(json.dumps(config))
    (slices,) = slices_of(config)
    tensors = {f"model.layers.0.{slices[n].module}.weight": w.half() for n, w in weights.items()}
    save_file(tensors, folder / "model.safetensors")


def ours(folder: Path) -> list[float]:
    """Spectra and alpha_peak of a block, from the file on."""
    measured = spectra.measure(BlockWeights(Checkpoint(folder), 0, CPU))
    return [tails.alpha_peak(values.numpy()) for values in measured.values()]


def published(weights: dict[str, torch.Tensor]) -> list[float]:
    """The published procedure: float32 singular values, then every candidate in a Python loop."""
    found = []
    for weight in weights.values():
        values = torch.linalg.svdvals(weight).square().flip(0)
        logs = values.log10()
        counts = torch.histc(logs, 100, logs[0].item(), logs[-1].item())
        width = (logs[-1] - logs[0]) / 100
        peak = 10 ** (logs[0] + width * counts.argmax())
        best = (torch.inf, torch.nan)
        for start, first in enumerate(values[:-1]):
            if not torch.log10(0.95 * peak) <= first <= 1.5 * peak:
                continue
            tail, count = values[start:], len(values) - start
            alpha = 1 + count / (tail.log().sum() - count * first.log())
            fitted = 1 - (tail / first) ** (1 - alpha)
            distance = (fitted - torch.arange(count) / count).abs().max()
            best = min(best, (distance.item(), alpha.item()))
        found.append(best[1])
    return found


def floor(weights: dict[str, torch.Tensor]) -> None:
    """Bare float64 Gram products and eigvalsh."""
    for weight in weights.values():
        wide = weight.double()
        rows, columns = wide.shape
        torch.linalg.eigvalsh(wide @ wide.T if rows < columns else wide.T @ wide)


def weightwatcher_block(weights: dict[str, torch.Tensor]) -> None:
    """WeightWatcher's analysis of the same matrices."""
    import weightwatcher

    layers = []
    for weight in weights.values():
        layers.append(torch.nn.Linear(*weight.shape[::-1], bias=False))
        layers[-1].weight.data = weight
    weightwatcher.WeightWatcher(model=torch.nn.Sequential(*layers)).analyze()


def lapack(symbol: str, gram: np.ndarray) -> float:
    """Seconds of an eigenvalues-only LAPACK driver of the library that comes with SciPy."""
    pattern = str(Path(scipy.__file__).parents[1] / "scipy.libs" / "libscipy_openblas-*.so")
    driver = getattr(ctypes.CDLL(glob.glob(pattern)[0]), f"scipy_{symbol}_")
    matrix, values = np.array(gram, order="F"), np.empty(len(gram))
    size, info = ctypes.c_int(len(gram)), ctypes.c_int()
    work, integers = np.empty(1), np.empty(1, np.int32)
    for lengths in ((-1, -1), None):  # the first call asks how much room the second needs
        if lengths is None:
            lengths = int(work[0]), int(integers[0])
            work, integers = np.empty(lengths[0]), np.empty(lengths[1], np.int32)
        counts = [ctypes.c_int(length) for length in lengths]
        pointers = [a.ctypes.data_as(ctypes.c_void_p) for a in (matrix, values, work, integers)]
        seconds, _ = timed(
            driver,
            *(b"N", b"L", ctypes.byref(size), pointers[0], ctypes.byref(size), pointers[1]),
            *(pointers[2], ctypes.byref(counts[0]), pointers[3], ctypes.byref(counts[1])),
            *(ctypes.byref(info), ctypes.c_size_t(1), ctypes.c_size_t(1)),
        )
    assert info.value == 0 and np.allclose(
        values[-1], torch.linalg.eigvalsh(torch.tensor(gram))[-1]
    )
    return seconds


def solvers(width: int) -> dict[str, float]:
    """Seconds for the eigenvalues of one float64 Gram matrix."""
    weight = torch.randn(width, width, dtype=torch.float64)
    gram = weight.T @ weight
    threads = torch.get_num_threads()
    found = {
        f"torch eigvalsh, {threads} threads": min(
            timed(torch.linalg.eigvalsh, gram)[0] for _ in "ab"
        )
    }
    torch.set_num_threads(1)
    found["torch eigvalsh, 1 thread"] = timed(torch.linalg.eigvalsh, gram)[0]
    torch.set_num_threads(threads)
    for symbol in ("dsyevd", "dsyevd_2stage"):
        found[f"OpenBLAS {symbol}"] = min(lapack(symbol, gram.numpy()) for _ in "ab")
    return found


def high_water() -> int:
    """The process's own peak memory in bytes; getrusage's would include its parent's."""
    with open("/proc/self/status") as lines:
        kilobytes = next(line.split()[1] for line in lines if line.startswith("VmHWM"))
    return 1024 * int(kilobytes)


def peak_memory(rows: int, columns: int) -> float:
    """Peak memory of one bfloat16 matrix's spectrum over that of matrix and Gram in float64."""
    before = high_water()
    weight = torch.empty(rows, columns, dtype=torch.bfloat16)
    for part in weight.split(1024):
        part.normal_()
    eigenvalues(weight)
    return (high_water() - before) / (8 * (rows * columns + min(rows, columns) ** 2))


def main(width: int) -> None:
    """Run everything and print it."""
    packages = ", ".join(f"{p} {version(p)}" for p in ("torch", "numpy", "scipy", "weightwatcher"))
    print(
        f"{os.cpu_count()} cores, {processor()}, Python {platform.python_version()}, {packages}\n"
    )
    weights = block(width)
    with tempfile.TemporaryDirectory() as folder:
        save(weights, Path(folder))
        ours(Path(folder))  # threads and libraries are warm in what is timed
        mine = min(timed(ours, Path(folder))[0] for _ in "ab")
    print(f"| one block of width {width} | seconds | ours is faster by |\n|:--|--:|--:|")
    print(f"| ours: spectra and alpha_peak, from the file | {mine:.1f} | 1.00 |")
    for name, peer in (
        ("floor: bare float64 Gram products and eigvalsh", floor),
        ("published procedure", published),
        ("WeightWatcher's analyze()", weightwatcher_block),
    ):
        # All but the slowest are warmed and timed twice, as ours is.
        seconds = min(
            timed(peer, weights)[0] for _ in ("ab" if peer is not weightwatcher_block else "a")
        )
        print(f"| {name} | {seconds:.1f} | {seconds / mine:.2f} |", flush=True)
    print(f"\n| eigenvalues of one {width} × {width} Gram matrix | seconds |\n|:--|--:|")
    for name, seconds in solvers(width).items():
        print(f"| {name} | {seconds:.2f} |")
    values = eigenvalues(weights["q_proj"]).numpy()
    spectrum = Spectrum(width, width, values, shuffled=values, submatrices=values)
    print(f"\n| all metrics of {width} eigenvalues but the fits | milliseconds |\n|:--|--:|")
    for module in (tails, shape, marchenko_pastur, randomised, tiles):
        seconds = min(timed(module.compute, spectrum)[0] for _ in "abc")
        print(f"| {module.__name__.split('.')[-1]} | {1000 * seconds:.1f} |")
    rows, columns = 7 * width, 2 * width
    command = [sys.executable, __file__, "memory", str(rows), str(columns)]
    share = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    print(
        f"\nPeak memory of the spectrum of a {rows} × {columns} bfloat16 matrix, over that of the"
    )
    print(f"matrix and its Gram matrix in float64: {share}")


def processor() -> str:
    """The processor's name."""
    with open("/proc/cpuinfo") as lines:
        return next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))


if __name__ == "__main__":
    if sys.argv[1:2] == ["memory"]:
        print(f"{peak_memory(int(sys.argv[2]), int(sys.argv[3])):.2f}")
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 4096)
