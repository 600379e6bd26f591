"""A cell's record is what lm-eval's own command line makes of the exported folder, to the bit."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from tokenizers.processors import TemplateProcessing

from build_python_task import build_python_task
from export_cell import export_cell
from extract_python import extract_python
from fetch_task import fetch_task
from heavytail.config import own_tasks
from heavytail.evaluation.zero_shot import BATCH, evaluate_zero_shot
from heavytail.io.files import read_json, read_lines, write_json
from support.data_sets import publish, publish_task
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
            fetch_task({"task": task} | vars(ROWS[task]), *files)
        else:
            build_python_task("documents.jsonl", {"task": task}, *files)
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


def command_line(folder: Path, arguments: str) -> tuple[dict, dict[str, list]]:
    """(numbers of each task, log-likelihoods of each task) by `lm_eval run`."""
    model = f"pretrained={folder},dtype=float32,softmax_dtype=float32{arguments}"
    given = f"--model hf --model_args {model} --include_path tasks --device cpu --num_fewshot 0"
    command = [sys.executable, "-m", "lm_eval", "run", *given.split(), "--tasks", ",".join(TASKS)]
    command += f"--batch_size {BATCH} --log_samples --output_path out{arguments}".split()
    offline = {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    ended = subprocess.run(
        command, env=os.environ | offline, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    (results,) = Path(f"out{arguments}").rglob("results_*.json")
    samples = {}
    for task in TASKS:
        (file,) = results.parent.glob(f"samples_{task}_*.jsonl")
        rows = sorted(read_lines(file), key=lambda row: row["doc_id"])
        samples[task] = [[float(value) for value, _ in row["filtered_resps"]] for row in rows]
    return json.loads(results.read_text())["results"], samples


def numbers(results: dict) -> dict[str, dict[str, float]]:
    return {
        task: {name: value for name, value in own.items() if isinstance(value, float)}
        for task, own in results.items()
    }


def test_the_record_of_a_cell_is_lm_eval_s_own_to_the_bit(cell, frozen, hub, one_thread):
    folder, artifact, exported = cell
    hub.requests.clear()
    said = {}
    for bos, arguments in ARGUMENTS.items():
        settings = {"tasks": TASKS, "bos": bos, "engine": "lm_eval"}
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
