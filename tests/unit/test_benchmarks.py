"""That benchmarks run at a tiny size, that of a GPU where there is none."""

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


def test_the_cost_of_a_method_is_counted_in_forward_passes():
    model = ROOT / "resources/standin"
    command = [sys.executable, ROOT / "benchmarks/methods.py", model, model / "README.md"]
    command += ["--samples", "1", "--length", "16", "--methods", "wanda-refit"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    rows = [
        [cell.strip() for cell in line.split("|")[1:-1]]
        for line in done.stdout.splitlines()
        if line.startswith("| ")
    ]
    assert [row[:2] for row in rows] == [
        ["method", "sparsity"],
        ["forward pass", ""],
        ["wanda-refit", "0.5"],
        ["wanda-refit", "2:4"],
    ]
    assert rows[1][3] == "1.00"
    assert all(float(figure) > 0 for row in rows[2:] for figure in row[2:])
