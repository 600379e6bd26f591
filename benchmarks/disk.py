"""How many temporary artifacts there are at once over 200 cells, a fifth of them failing.

./run python benchmarks/disk.py [cells]        # 200 by default, a multiple of 100; some minutes

The workflow is heavytail's own, its rules, flags, priorities, resources and deletion; only its
scripts are replaced: they write their outputs, and fail where they are to.
"""

import os
import re
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
kind, log = snakemake.rule, snakemake.log[0]
number = int(float(snakemake.wildcards.get("cell", "a/0.05/b-99").split("/")[1]) * 20)
pruned = snakemake.input.get("origin")
if pruned and kind != "measure_spectra":
    assert Path(pruned.replace(".origin.json", ".safetensors")).exists(), "no artifact"
    time.sleep(0.05)
    if kind == "evaluate_perplexity" and number == 3:
        raise SystemExit("fails")
    if kind == "evaluate_zero_shot" and number == 7:
        os.kill(os.getpid(), 9)
for output in snakemake.output:
    Path(output).touch()
"""


def project(folder: Path, cells: int) -> None:
    """heavytail with a matrix of so many cells and scripts that compute nothing."""
    scale.ours(folder, cells)
    config = folder / "config/config.yaml"
    config.write_text(config.read_text() + "artifacts: temporary\n")
    for script in (folder / "scripts").glob("*.py"):
        script.write_text(SCRIPT)


def peak(folder: Path) -> tuple[int, int, str]:
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
    done = subprocess.run(command, cwd=folder, text=True, capture_output=True, check=False)
    ended.set()
    watcher.join()
    return most[0], artifacts(), done.stdout + done.stderr


def main(cells: int) -> None:
    """Run the matrix and print the figures."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "project"
        project(folder, cells)
        most, left, said = peak(folder)
        pruned = len(list(folder.glob("results/pruned/**/*.origin.json")))
        failed = len(re.findall(r"^Error in rule evaluate_", said, re.MULTILINE))
    print("| cells pruned | evaluations that failed | artifacts at once, at most | left |")
    print(f"|--:|--:|--:|--:|\n| {pruned} | {failed} | {most} | {left} |")


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 200)
