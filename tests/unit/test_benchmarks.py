"""That the benchmark of a GPU runs where there is none, at a tiny size."""

import json
import subprocess
import sys

from support.project import ROOT


def test_every_row_of_the_gpus_benchmark_has_its_figures(tmp_path):
    command = [sys.executable, ROOT / "benchmarks/gpu.py", "--tiny", "--json", tmp_path / "figures"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    figures = json.loads((tmp_path / "figures").read_text())
    machine = figures.pop("machine")
    assert machine in done.stdout and "transformers 5" in machine
    assert len(figures) == 9 and all(found["seconds"] > 0 for found in figures.values())
    for row in figures.keys() - {"matmul"}:
        assert f"\n| {row} | " in done.stdout
    for method in ("wanda", "sparsegpt", "zero-shot"):
        assert figures[method]["tokens"] > 0 and figures[method]["operations"] > 0
