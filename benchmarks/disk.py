"""How many temporary artifacts there are at once over 200 cells, a fifth of them failing.

./run python benchmarks/disk.py [cells]        # 200 by default, a multiple of 100; some minutes

The workflow is heavytail's own, its rules, flags, priorities, resources and deletion; only its
scripts are replaced: they write their outputs, and fail where they are to. The peer is the same
workflow with Snakemake's temp() instead of `artifacts: temporary`.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import scale

# Every tenth cell has a perplexity that fails and every tenth a zero-shot accuracy that does; one
# of these two is killed.
SCRIPT = """
import os, time
from pathlib import Path
kind, named, pruned = snakemake.rule, snakemake.wildcards, snakemake.input.get("origin")
if pruned:
    assert Path(pruned.replace(".origin.json", ".safetensors")).exists(), "no artifact"
    time.sleep(0.05)
    number = round(float(named.get("cell", "a/0").split("/")[1]) * 20)
    if kind == "evaluate_perplexity" and number == 3:
        raise SystemExit("fails")
    if kind == "evaluate_zero_shot" and number == 7:
        os.kill(os.getpid(), 9)
for output in snakemake.output:
    Path(output).write_text(output)
"""
# Of another tenth spectra are asked too.
SPECTRA = "results/spectra/model-{model}/{method}/0.25/gt-{number}/seed-0.safetensors"
OURS = [("config/config.yaml", "tasks:", "artifacts: temporary\ntasks:")]
PEER = [
    ("rules/prune.smk", '{CELL}.safetensors"', '{CELL}.safetensors")'),
    ("rules/prune.smk", 'artifact=f"', 'artifact=temp(f"'),
    ("rules/artifacts.smk", "{subject}.origin.json", "{subject}.safetensors"),
]


def project(folder: Path, cells: int, edits: list[tuple[str, str, str]]) -> None:
    """heavytail with a matrix of so many cells and scripts that compute nothing."""
    scale.ours(folder, cells)
    reference = "resources/reference"
    shutil.copytree(scale.ROOT / reference, folder / reference, dirs_exist_ok=True)
    for file, old, new in edits:
        text = (folder / file).read_text()
        assert text.count(old) == 1, f"{file}: {old}"
        (folder / file).write_text(text.replace(old, new))
    for script in (folder / "scripts").glob("*.py"):
        script.write_text(SCRIPT)


def run(folder: Path, targets: list[str]) -> tuple[int, int, str]:
    """The most artifacts seen at once, how many are left, and what the run said."""
    most, ended = [0], threading.Event()

    def artifacts() -> int:
        walk = os.walk(folder / "results/pruned")
        return sum(name.endswith(".safetensors") for _, _, names in walk for name in names)

    def watch() -> None:
        while not ended.wait(0.02):
            most[0] = max(most[0], artifacts())

    watcher = threading.Thread(target=watch)
    watcher.start()
    profile = ["--workflow-profile", str(scale.ROOT / "profiles/default")]
    command = [sys.executable, "-m", "snakemake", "--cores", "4", "--keep-going", *profile]
    done = subprocess.run(
        [*command, "--", "all", *targets], cwd=folder, text=True, capture_output=True, check=False
    )
    ended.set()
    watcher.join()
    return most[0], artifacts(), done.stdout + done.stderr


def row(name: str, cells: int, edits: list[tuple[str, str, str]]) -> str:
    """Run the matrix; a line of the table."""
    spectra = [
        SPECTRA.format(model=model, method=method, number=number)
        for model in range(5)
        for method in ("magnitude", "wanda")
        for number in range(cells // 100)
    ]
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "project"
        project(folder, cells, edits)
        most, left, said = run(folder, spectra)
        pruned = len(list(folder.glob("results/pruned/**/*.origin.json")))
        measured = sum((folder / path).exists() for path in spectra)
    failed = len(re.findall(r"^Error in rule evaluate_", said, re.MULTILINE))
    found, asked = (pruned, measured, failed), (cells, cells // 10, cells // 5)
    assert found == asked, f"{found} instead of {asked}:\n{said[-4000:]}"
    return f"| {name} | {pruned} | {measured} | {failed} | {most} | {left} |"


def main(cells: int) -> None:
    """Run both matrices and print the figures."""
    print(
        "| | cells pruned | spectra of cells | evaluations that failed | at once, at most | left |"
    )
    print("|:--|--:|--:|--:|--:|--:|")
    print(row("`artifacts: temporary`", cells, OURS), flush=True)
    print(row("`temp()` alone", cells, PEER))


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 200)
