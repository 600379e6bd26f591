"""A cell's record is what lm-eval's own command line makes of the exported folder, to the bit."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from tokenizers.processors import TemplateProcessing
from transformers import AutoTokenizer

from build_python_task import build_python_task
from export_cell import export_cell
from extract_python import extract_python
from fetch_task import fetch_task
from heavytail.config import own_tasks
from heavytail.data.frozen_tasks import unpack
from heavytail.evaluation.task_scores import summary
from heavytail.evaluation.zero_shot import BATCH, evaluate_entries, evaluate_zero_shot
from heavytail.io.files import read_json, read_lines, write_json
from heavytail.models.loading import load_model
from read_task import read_task
from support.data_sets import publish, publish_task
from support.own_tasks import ENTRIES, write_own_tasks
from support.project import ROOT
from support.pruned_cells import prune, windows
from support.tiny_model import byte_tokenizer, save_model

pytestmark = pytest.mark.slow
BUILT_IN = ["arc_easy", "hellaswag", "boolq", "copa", "lambada_openai"]
ROWS = own_tasks.all_tasks(BUILT_IN)
COPA = {"premise": "It rained.", "choice1": "It was wet.", "choice2": "It was dry.", "idx": 0}
COPA = [COPA | {"question": "effect", "label": label} for label in (0, 1)]
LAMBADA = [{"text": "She sang and the crowd heard the song"}, {"text": "Two and two are four"}]
TASKS = ["python_attribute", *BUILT_IN]
# Our setting → what lm-eval's own one must be for the same.
ARGUMENTS = {"none": ",add_bos_token=False", "tokenizer": ""}


@pytest.fixture(scope="module")
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def frozen(hub, tmp_path, monkeypatch) -> list[str]:
    """The tasks' files below the working directory, after which there is no hub."""
    publish(hub, tmp_path / "hub")
    # Neither is built in, and no commit of theirs is given.
    boolq = hub.repositories["datasets/aps/super_glue"].revision
    publish_task(hub, tmp_path / "hub", boolq, "aps/super_glue", "copa", "validation", COPA)
    of_lambada = ("EleutherAI/lambada_openai", "default", "test", LAMBADA)
    publish_task(hub, tmp_path / "hub", "2" * 40, *of_lambada)
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    extract_python("test", "documents.jsonl", "documents.json")
    for task in TASKS:
        files = (f"tasks/{task}.jsonl", f"tasks/{task}.yaml")
        if task in BUILT_IN:
            row = ROWS[task]
            fetch_task({"task": task, "folder": row.folder, "revision": row.revision}, *files)
        else:
            build_python_task("documents.jsonl", {"task": task}, *files)
        unpack(files[1], "lm-eval")
    return [f"tasks/{task}.yaml" for task in TASKS]


@pytest.fixture
def cell(frozen) -> tuple[Path, Path, Path]:
    """(model, pruned artifact, exported folder); the tokenizer puts BOS unless told not to."""
    folder = save_model(Path("model"), max_position_embeddings=512)
    tokenizer = byte_tokenizer()
    bos = ("<s>", tokenizer.bos_token_id)
    tokenizer.backend_tokenizer.post_processor = TemplateProcessing(
        single="<s> $A", special_tokens=[bos]
    )
    tokenizer.save_pretrained(folder)
    artifact = prune(folder, Path("cell"), "sparsegpt", ids=windows(seed=1))
    inputs = str(folder / "provenance.json"), artifact, "cell/ratios.csv"
    export_cell(*inputs, {"modifier": None, "group_size": None}, "exported")
    write_json(folder / "provenance.json", {"source": "model", "revision": None})
    return folder, artifact, Path("exported")


def run_lm_eval(folder: Path, out: str, tasks: list[str], include: str, arguments: str) -> Path:
    """The results file of `lm_eval run`."""
    model = f"pretrained={folder},dtype=float32,softmax_dtype=float32"
    given = f"--model_args {model}{arguments} --include_path {include} --output_path {out}"
    command = [
        sys.executable,
        *["-m", "lm_eval", "run", "--model", "hf", "--device", "cpu", "--log_samples"],
    ]
    command += [*given.split(), "--batch_size", str(BATCH), "--tasks", *tasks]
    offline = {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    ended = subprocess.run(
        command, env=os.environ | offline, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    (results,) = Path(out).rglob("results_*.json")
    return results


def command_line(folder: Path, arguments: str) -> tuple[dict, dict[str, list]]:
    """(numbers of each task, log-likelihoods of each task) by `lm_eval run`."""
    results = run_lm_eval(folder, f"out{arguments}", TASKS, "lm-eval", arguments)
    samples = {}
    for task in TASKS:
        (file,) = results.parent.glob(f"samples_{task}_*.jsonl")
        rows = sorted(read_lines(file), key=lambda row: row["doc_id"])
        samples[task] = [[float(value) for value, _ in row["filtered_resps"]] for row in rows]
    return json.loads(results.read_text())["results"], samples


def numbers(results: dict) -> dict[str, dict[str, float]]:
    """All numbers but the standard errors that take a bootstrap."""
    bootstrapped = "perplexity_stderr,none"
    return {
        task: {
            name: value
            for name, value in own.items()
            if isinstance(value, float) and name != bootstrapped
        }
        for task, own in results.items()
    }


def test_the_record_of_a_cell_is_lm_eval_s_own_to_the_bit(cell, frozen, hub, one_thread):
    folder, artifact, exported = cell
    hub.requests.clear()
    said = {}
    for bos, arguments in ARGUMENTS.items():
        settings = {"tasks": {task: {} for task in TASKS}, "bos": bos, "engine": "lm_eval"}
        model = str(folder / "provenance.json")
        evaluate_zero_shot(model, artifact, frozen, settings, f"{bos}.json")
        record = read_json(f"{bos}.json")
        theirs, samples = command_line(exported, arguments)
        assert record["bos"] == bos and list(theirs) == TASKS
        assert numbers(record["results"]["results"]) == numbers(theirs)
        assert len(samples["python_attribute"]) == 160
        assert record["results"]["log_likelihoods"] == samples
        for task, own in record["tasks"].items():
            assert own == {name: theirs[task][f"{name},none"] for name in own}
        said[bos] = samples
        evaluate_zero_shot(model, artifact, frozen, settings | {"engine": "shared"}, "shared.json")
        shared = read_json("shared.json")["results"]["log_likelihoods"]
        for task in TASKS:
            # Sums of some float32 numbers near 10, in another order.
            for ours, lm_evals in zip(shared[task], samples[task], strict=True):
                assert ours == pytest.approx(lm_evals, rel=0, abs=1e-4)
    assert said["none"] != said["tokenizer"]
    assert not hub.requests


def own(entry: dict) -> str:
    """The name of a local entry, frozen."""
    ((name, task),) = own_tasks.all_tasks([entry]).items()
    shots = {} if task.shots is None else {"shots": task.shots}
    read_task({"path": task.path} | shots, f"frozen/{name}.jsonl", f"frozen/{name}.yaml")
    return name


@pytest.mark.parametrize(
    ("number", "options"),
    [(number, options) for number, (_, options) in enumerate(ENTRIES)],
    ids=[f"{entry['path']}{options}" for entry, options in ENTRIES],
)
def test_a_local_task_or_group_scores_as_lm_eval_s_own_command_line_does(
    number, options, tmp_path, monkeypatch, one_thread
):
    write_own_tasks(tmp_path)
    monkeypatch.chdir(tmp_path)
    entry = ENTRIES[number][0]
    own_tasks.complete_tasks([entry], [Path()])
    name = own(entry)
    told = {key: entry[key] for key in ("limit", "metric") if key in entry}
    settings = {"tasks": {name: told}, "bos": "none", "engine": "lm_eval"}
    write_json("model.json", {"source": "standin", "revision": None})
    folder = ROOT / "resources/standin"
    (tmp_path / "m").symlink_to(folder)
    model = load_model(folder, torch.device("cpu")).float()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    ours, entries = evaluate_entries(model, tokenizer, [f"frozen/{name}.yaml"], settings)
    results = run_lm_eval(folder, "out", [name, *options], ".", ",add_bos_token=False")
    theirs = json.loads(results.read_text())
    assert numbers(ours["results"]) == numbers(theirs["results"])
    assert ours["n-samples"] == theirs["n-samples"]
    found = summary(ours, entries)
    number_of_it = found["scores"][name]["number"]
    filtered = number_of_it if "," in number_of_it else f"{number_of_it},none"
    assert found["tasks"][name][number_of_it] == theirs["results"][name][filtered]
    # Of a group of groups lm-eval says no number of shots.
    assert found["scores"][name]["shots"] == theirs["n-shot"].get(name)
