"""Planning of large matrices against a bare workflow of the same size; prints README.md's table.

./run python benchmarks/scale.py [cells ...]        # 2000 and 5000 by default
"""

import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
REPEATS = 3
START = ("-m", "snakemake")
# Touching a job takes a tenth of a second's sleep: a quarter of an hour for 2,000 cells.
TOUCH = (
    "-c",
    "from snakemake import cli; from snakemake.executors.touch import Executor;"
    "Executor.SLEEPING_TIME = 0; cli.main()",
)
# Four jobs per cell and one that collects them, each of which reads what it reads here, and nothing
# else: no wildcards but one, no parameters, logs, benchmarks, environments or resources.
BARE = """
RECORDS = expand("{{kind}}/{{cell}}.json", kind=["perplexity", "zero_shot"], cell=range({cells}))
rule all:
    default_target: True
    input: RECORDS, "table.csv"
rule allocate:
    input: "model", "metrics"
    output: "ratios/{{cell}}.csv"
    shell: "touch {{output}}"
rule prune:
    input: "model", "calibration", "ratios/{{cell}}.csv"
    output: "pruned/{{cell}}.safetensors", "pruned/{{cell}}.json"
    shell: "touch {{output}}"
rule perplexity:
    input: "model", "tokens", "pruned/{{cell}}.safetensors"
    output: "perplexity/{{cell}}.json"
    shell: "touch {{output}}"
rule zero_shot:
    input: "model", "task", "data", "pruned/{{cell}}.safetensors"
    output: "zero_shot/{{cell}}.json"
    shell: "touch {{output}}"
rule collect:
    input: RECORDS, expand("pruned/{{cell}}.json", cell=range({cells}))
    output: "table.csv"
    shell: "touch {{output}}"
"""


def bare(folder: Path, cells: int) -> None:
    """Write the bare workflow and the files that its jobs share."""
    folder.mkdir()
    (folder / "Snakefile").write_text(BARE.format(cells=cells))
    for name in ("model", "metrics", "calibration", "tokens", "task", "data"):
        (folder / name).touch()


def ours(folder: Path, cells: int) -> None:
    """A copy of heavytail with a matrix of so many cells, a multiple of 100."""
    folder.mkdir()
    for part in ("Snakefile", "rules", "scripts", "config", "envs", "resources/reference"):
        place = ROOT / part
        (shutil.copytree if place.is_dir() else shutil.copy2)(place, folder / part)
    allocations = {f"gt-{n}": {"grouping": "gt", "epsilon": n / 100} for n in range(cells // 100)}
    config = {
        "models": {f"model-{n}": {"path": str(ROOT / "resources/standin")} for n in range(5)},
        "methods": ["magnitude", "wanda"],
        "allocations": allocations,
        "sparsity": [n / 20 for n in range(1, 11)],
        "calibration": {"dataset": "python"},
        "evaluation": {"dataset": "python"},
        "tasks": ["python_attribute"],
    }
    (folder / "config/config.yaml").write_text(yaml.safe_dump(config, sort_keys=False))


def snakemake(folder: Path, *arguments: str, start: Sequence[str] = START) -> tuple[float, str]:
    """Seconds and output of one run, under the settings of profiles/default."""
    command = [sys.executable, *start, "--cores", "2", *arguments]
    profile = ["--workflow-profile", str(ROOT / "profiles/default")]
    started = time.perf_counter()
    done = subprocess.run(
        [*command, *profile], cwd=folder, text=True, capture_output=True, check=True
    )
    return time.perf_counter() - started, done.stdout + done.stderr


def finish(folder: Path, plan: str) -> None:
    """Bring a planned workflow to its end without its jobs: empty files, real records of them."""
    for files in re.findall(r"^    (?:output|log|benchmark): (.*)$", plan, re.MULTILINE):
        for file in files.split(", "):
            path = folder / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
    # Forced: files that are in order leave nothing to touch, and then nothing is recorded.
    snakemake(folder, "--touch", "--forceall", "--quiet", "--cores", "1000", start=TOUCH)
    outputs = re.findall(r"^    output: (.*)$", plan, re.MULTILINE)
    recorded = sum(path.is_file() for path in (folder / ".snakemake/metadata").rglob("*"))
    assert recorded >= sum(len(files.split(", ")) for files in outputs), recorded


def best(folders: list[Path], *arguments: str) -> list[tuple[float, str]]:
    """Seconds and output of the fastest run in each folder; they take turns, whatever else runs."""
    rounds = [[snakemake(folder, *arguments) for folder in folders] for _ in range(REPEATS)]
    return [min(runs) for runs in zip(*rounds, strict=True)]


def measured(folders: list[Path]) -> dict[str, list[float]]:
    """Seconds, in each folder, of a plan from nothing and of a run that finds nothing to do."""
    plans = best(folders, "--dry-run")
    for folder, (_, plan) in zip(folders, plans, strict=True):
        finish(folder, plan)
    runs = best(folders)
    assert all("Nothing to be done" in output for _, output in runs), runs
    return {
        name: [seconds for seconds, _ in found]
        for name, found in (("plan", plans), ("no-op", runs))
    }


def main(sizes: list[int]) -> None:
    """Measure every size and print the table."""
    print(
        f"{os.cpu_count()} cores, {platform.machine()}; Python {platform.python_version()}, "
        f"snakemake {version('snakemake')}\n"
    )
    print("| cells | | heavytail, s | bare, s | ratio |\n|--:|:--|--:|--:|--:|")
    for cells in sizes:
        with tempfile.TemporaryDirectory() as folder:
            folders = [Path(folder) / make.__name__ for make in (ours, bare)]
            for make, place in zip((ours, bare), folders, strict=True):
                make(place, cells)
            for name, (mine, peer) in measured(folders).items():
                print(
                    f"| {cells} | {name} | {mine:.1f} | {peer:.1f} | {mine / peer:.2f} |",
                    flush=True,
                )


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]] or [2000, 5000])
