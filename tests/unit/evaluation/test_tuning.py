"""Trials are cells pruned and scored, and a job that was killed goes on with them."""

import json
import math

import pytest
import torch
from safetensors.torch import save_file

from heavytail.allocation.ratios import ratios_of
from heavytail.allocation.table import write_ratios
from heavytail.config.methods import METHODS
from heavytail.evaluation import tuning as script
from heavytail.evaluation.perplexity import negative_log_likelihoods
from heavytail.evaluation.tuning import tune_allocation
from heavytail.io.files import read_json
from heavytail.models.checkpoint import Checkpoint
from heavytail.models.streaming import StreamedModel
from heavytail.pruning.artifact import Artifact
from heavytail.pruning.cell import prune_cell
from support.pruned_cells import windows

CANDIDATES = [{"epsilon": 0.1}, {"epsilon": 0.6}, {"epsilon": 0.9}]
SETTINGS = {"allocator": "depth_linear", "epsilon": "tune", "sparsity": 0.5, "group_size": None}
SETTINGS |= {"candidates": CANDIDATES}


@pytest.fixture
def files(model_folder, tmp_path) -> dict[str, str]:
    save_file({"input_ids": windows(8, 40, seed=1)}, tmp_path / "calibration")
    save_file({"input_ids": windows(4, 40, seed=2)}, tmp_path / "validation")
    (model_folder / "provenance.json").write_text("{}")
    names = {name: str(tmp_path / name) for name in ("calibration", "validation")}
    return {"model": str(model_folder / "provenance.json"), **names}


def pruning(method: str) -> dict:
    way = "exact" if METHODS[method].calibrated else None
    return {"method": method, "within_block": way, "group_size": None, "code": ""}


@pytest.mark.parametrize("method", ["magnitude", "wanda", "sparsegpt"])
def test_a_trial_is_a_cell_pruned_and_scored(files, model_folder, tmp_path, method):
    if method == "magnitude":
        del files["calibration"]
    output = tmp_path / "tuned.json"
    tune_allocation(files, SETTINGS, pruning(method), float("inf"), str(output))
    record = read_json(output)
    assert [(t["round"], t["windows"]) for t in record["trials"]] == [(0, 2)] * 3 + [(1, 4)] * 2
    samples = [t["samples"] for t in record["trials"]]
    assert samples == ([0] * 5 if method == "magnitude" else [4] * 3 + [8] * 2)
    last = record["trials"][3:]
    best = min(last, key=lambda trial: trial["loss"])
    assert record["chosen"] == {"epsilon": best["epsilon"]}
    assert not list(tmp_path.glob(".tuned*"))

    shapes = Checkpoint(model_folder).matrices()
    ratios = ratios_of(shapes, SETTINGS | best, {})
    sizes = {matrix: math.prod(shape) for matrix, shape in shapes.items()}
    write_ratios(tmp_path / "ratios.csv", sizes, list(ratios.values()))
    cell = str(tmp_path / "cell.safetensors"), str(tmp_path / "cell.json")
    inputs = files["model"], str(tmp_path / "ratios.csv"), files.get("calibration")
    prune_cell(*inputs, pruning(method), float("inf"), cell)
    pruned = StreamedModel(model_folder, torch.device("cpu"), Artifact(cell[0]))
    losses = negative_log_likelihoods(pruned, windows(4, 40, seed=2))
    assert losses.mean().item() == best["loss"]


def test_a_killed_job_goes_on_and_ends_the_same(files, tmp_path, monkeypatch):
    whole, killed = tmp_path / "whole.json", tmp_path / "killed.json"
    arguments = files, SETTINGS, pruning("wanda"), float("inf")
    tune_allocation(*arguments, str(whole))
    real, calls = script.validation_loss, []

    def once_more(*given):
        calls.append(given)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return real(*given)

    monkeypatch.setattr(script, "validation_loss", once_more)
    with pytest.raises(KeyboardInterrupt):
        tune_allocation(*arguments, str(killed))
    assert not killed.exists()
    tune_allocation(*arguments, str(killed))
    assert len(calls) == 4 + 2, "three trials of the first run counted"
    first, second = (read_json(path) for path in (whole, killed))
    assert (first["chosen"], first["trials"]) == (second["chosen"], second["trials"])


def test_trials_of_other_inputs_do_not_count(files, tmp_path, monkeypatch):
    output = tmp_path / "tuned.json"
    arguments = SETTINGS, pruning("wanda"), float("inf"), str(output)

    def once(candidates, _budget, loss):
        return [loss(0, one, 1) for one in candidates]

    monkeypatch.setattr(script, "halve", once)
    monkeypatch.setattr(script, "write_json", lambda *_: (_ for _ in ()).throw(OSError("full")))
    calls = []
    monkeypatch.setattr(script, "validation_loss", lambda *_: calls.append(1) or 1.0)
    for _ in range(2):
        with pytest.raises(OSError, match="full"):
            tune_allocation(files, *arguments)
    assert len(calls) == 3
    save_file({"input_ids": windows(4, 40, seed=3)}, files["validation"])
    with pytest.raises(OSError, match="full"):
        tune_allocation(files, *arguments)
    assert len(calls) == 6


def test_a_trial_that_gives_no_number_is_recorded_as_such(files, tmp_path, monkeypatch):
    monkeypatch.setattr(script, "validation_loss", lambda *_: math.nan)
    output = tmp_path / "tuned.json"
    tune_allocation(files, SETTINGS, pruning("wanda"), float("inf"), str(output))
    record = json.loads(output.read_text())
    assert record["chosen"] == CANDIDATES[0] and {t["loss"] for t in record["trials"]} == {None}
