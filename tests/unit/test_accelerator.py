"""Every stage on another device, from files to files, beside the same on the CPU.

Where there is no GPU, the device is a pretended accelerator. It computes bit by bit what the CPU
does; a GPU does so up to rounding.
"""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch.nn.attention import SDPBackend, sdpa_kernel

from heavytail.allocation.guides.gradients import measure_gradients
from heavytail.allocation.guides.similarity import measure_similarity
from heavytail.allocation.guides.wanda_scores import measure_wanda_scores
from heavytail.config.families import FAMILIES
from heavytail.config.methods import METHODS
from heavytail.data import python_tasks
from heavytail.data.frozen_tasks import write_entry
from heavytail.diagnostics.hessians import measure_hessian
from heavytail.evaluation.perplexity import evaluate_perplexity
from heavytail.evaluation.tuning import tune_allocation
from heavytail.evaluation.zero_shot import evaluate_zero_shot
from heavytail.io.files import read_json
from heavytail.models.checkpoint import Checkpoint
from heavytail.spectra.measure import measure_spectra
from support.pruned_cells import prune, windows
from support.tiny_model import save_model

CPU = torch.device("cpu")
if torch.cuda.is_available():
    # Alone: where another accelerator is registered, PyTorch asks that one for pinned memory.
    DEVICE = torch.device("cuda")
else:
    # Before any test: PyTorch counts the devices when it computes the first gradient of a process.
    from support.pretended import DEVICE
NO_LIMIT = float("inf")
MEASURES = ("spectra", "product_spectra", "shuffled_spectra", "submatrix_spectra")
WAYS = [(method, "exact") for method in METHODS]
WAYS += [(name, "sequential") for name, method in METHODS.items() if method.calibrated]


@pytest.fixture
def both(monkeypatch) -> Callable:
    """Runs a stage on the CPU and on the device, and gives what it found on each."""

    def run(stage: Callable[[Path], dict], work: Path, on_gpu: float, pretended: float = 0) -> None:
        found = []
        for place in (CPU, DEVICE):
            monkeypatch.setattr("heavytail.models.device.pick", lambda place=place: place)
            (work / place.type).mkdir()
            # As from a CPU to a GPU, a parameter that two modules share stays one.
            torch.__future__.set_swap_module_params_on_conversion(place.type == "pretended")
            # The kernel of attention that all devices have.
            with sdpa_kernel(SDPBackend.MATH):
                found.append(stage(work / place.type))
        compare(*found, tolerance=on_gpu if place.type == "cuda" else pretended)

    yield run
    torch.__future__.set_swap_module_params_on_conversion(False)


def compare(
    expected: dict[str, torch.Tensor], found: dict[str, torch.Tensor], tolerance: float
) -> None:
    """Numbers up to a share of the largest one; of what is kept, all but near ties."""
    assert found.keys() == expected.keys() and found
    for name, value in expected.items():
        assert found[name].shape == value.shape
        if value.dtype == torch.bool:
            assert (found[name] == value).double().mean() >= 1 - 5 * tolerance, name
        else:
            limit = tolerance * value.abs().max().item()
            assert torch.allclose(found[name], value, rtol=0, atol=limit), name


# Its own layout, and a fused one; the others take minutes.
SOON = ("llama", "phi3")
# Fused as others are: by head, by row, by group.
LIKE_OTHERS = ("glm", "glm4", "bloom", "mpt", "persimmon", "gpt_bigcode")


@pytest.fixture(
    scope="module",
    params=[
        family if family in SOON else pytest.param(family, marks=pytest.mark.slow)
        for family in FAMILIES
        if family not in LIKE_OTHERS
    ],
)
def folder(request, tmp_path_factory) -> Path:
    # Without this, families that have no shared heads would say in config.json that they do.
    heads = {"num_key_value_heads": 4} if request.param in ("gpt_neox", "opt", "gpt2") else {}
    place = tmp_path_factory.mktemp("models") / request.param
    made = save_model(place, request.param, num_hidden_layers=2, **heads)
    (made / "provenance.json").write_text(json.dumps({"source": "tiny", "revision": None}))
    return made


@pytest.fixture(scope="module")
def tokens(tmp_path_factory) -> str:
    path = tmp_path_factory.mktemp("tokens") / "tokens.safetensors"
    save_file({"input_ids": windows(4, 24)}, path, {"dataset": "random"})
    return str(path)


# On a GPU float32 sums run in another order; what falls otherwise is seen by what follows.
CELL = 1e-3
# float64, but of solvers that share their work in other ways.
SOLVED = 1e-9
# float32 likewise.
SUMMED = 1e-5


@pytest.mark.parametrize(("method", "way"), WAYS)
def test_cells_and_their_perplexity(method, way, folder, tokens, both, tmp_path):
    def stage(work: Path) -> dict[str, torch.Tensor]:
        cell = prune(folder, work, method, way if METHODS[method].calibrated else None)
        ones = {key: torch.ones(shape) for key, shape in Checkpoint(folder).matrices().items()}
        masks = {f"{b}.{p}": cell.apply(b, p, one) != 0 for (b, p), one in ones.items()}
        evaluate_perplexity(str(folder / "provenance.json"), cell, tokens, NO_LIMIT, work / "of")
        return masks | {"losses": torch.tensor(read_json(work / "of")["losses"])}

    both(stage, tmp_path, CELL)


@pytest.mark.parametrize("method", ["magnitude", "sparsegpt"])
def test_patterns(method, folder, both, tmp_path):
    def stage(work: Path) -> dict[str, torch.Tensor]:
        cell = prune(folder, work, method, ratio=0.5, group_size=4)
        ones = {key: torch.ones(shape) for key, shape in Checkpoint(folder).matrices().items()}
        return {f"{b}.{p}": cell.apply(b, p, one) != 0 for (b, p), one in ones.items()}

    both(stage, tmp_path, CELL)


def test_hidden_states_on_disk(folder, tokens, both, tmp_path):
    def stage(work: Path) -> dict[str, torch.Tensor]:
        evaluate_perplexity(str(folder / "provenance.json"), None, tokens, 0, work / "of")
        return {"losses": torch.tensor(read_json(work / "of")["losses"])}

    both(stage, tmp_path, SUMMED)


@pytest.mark.parametrize("measure", MEASURES)
def test_spectra(measure, folder, both, tmp_path):
    cell = prune(folder, tmp_path / "cell", "sparsegpt")

    def stage(work: Path) -> dict[str, torch.Tensor]:
        for name, pruned in (("dense", None), ("pruned", cell)):
            measure_spectra(str(folder / "provenance.json"), pruned, measure, "", work / name)
        return load_file(work / "dense") | {
            f"pruned {key}": value for key, value in load_file(work / "pruned").items()
        }

    both(stage, tmp_path, SOLVED, SOLVED)


def table(path: Path) -> torch.Tensor:
    """The numbers of a CSV."""
    with open(path, newline="") as lines:
        rows = [row for row in csv.reader(lines) if not row[0].isalpha()]
    return torch.tensor([[float(value) for value in row] for row in rows], dtype=torch.float64)


def test_guides(folder, tokens, both, tmp_path):
    def stage(work: Path) -> dict[str, torch.Tensor]:
        files = str(folder / "provenance.json"), tokens
        measure_wanda_scores(*files, NO_LIMIT, work / "scores.csv")
        measure_similarity(*files, 4, NO_LIMIT, work / "similarity.csv")
        measure_gradients(*files, 4, NO_LIMIT, work / "gradients.json")
        return {
            "scores": table(work / "scores.csv"),
            "similarity": table(work / "similarity.csv"),
            "gradients": torch.tensor(read_json(work / "gradients.json")["norms"]),
        }

    both(stage, tmp_path, CELL, SUMMED)


def test_hessians(folder, tokens, both, tmp_path):
    def stage(work: Path) -> dict[str, torch.Tensor]:
        settings = {"eigenvalues": 2, "windows": 2}
        measure_hessian(str(folder / "provenance.json"), tokens, settings, work / "hessian.json")
        record = read_json(work / "hessian.json")
        found = {name: record[name]["eigenvalues"] for name in ("trained", "random")}
        for name in ("inputs", "random_inputs"):
            found |= {f"{name} {n}": one["eigenvalues"] for n, one in enumerate(record[name])}
        return {name: torch.tensor(values, dtype=torch.float64) for name, values in found.items()}

    both(stage, tmp_path, CELL, SUMMED)


def test_tuning(folder, tokens, both, tmp_path):
    files = {"model": str(folder / "provenance.json"), "validation": tokens, "calibration": tokens}
    settings = {"allocator": "depth_linear", "epsilon": "tune", "sparsity": 0.5, "group_size": None}
    settings["candidates"] = [{"epsilon": 0.1}, {"epsilon": 0.8}]
    pruning = {"method": "wanda", "within_block": "exact", "group_size": None, "code": ""}

    def stage(work: Path) -> dict[str, torch.Tensor]:
        tune_allocation(files, settings, pruning, NO_LIMIT, str(work / "tuned.json"))
        trials = read_json(work / "tuned.json")["trials"]
        return {"losses": torch.tensor([trial["loss"] for trial in trials])}

    both(stage, tmp_path, CELL)


def test_zero_shot(folder, both, tmp_path):
    letters = [chr(ord("a") + number % 26) for number in range(60)]
    rows = [
        {"context": "".join(letters[n:]), "choices": letters[n : n + 3], "answer": 0}
        for n in range(6)
    ]
    files = str(tmp_path / "letters.jsonl"), str(tmp_path / "letters.yaml")
    write_entry(python_tasks.entry("letters"), {"letters": rows}, *files)
    cell = prune(folder, tmp_path / "cell", "sparsegpt")

    def stage(work: Path) -> dict[str, torch.Tensor]:
        settings, record = (
            {"tasks": {"letters": {}}, "bos": "none", "engine": "shared"},
            work / "record.json",
        )
        tasks = [str(tmp_path / "letters.yaml")]
        evaluate_zero_shot(str(folder / "provenance.json"), cell, tasks, settings, record)
        return {
            "likelihoods": torch.tensor(read_json(record)["results"]["log_likelihoods"]["letters"])
        }

    both(stage, tmp_path, CELL)
