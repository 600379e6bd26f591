"""A gated model and data of a hub that has bad moments; then the whole matrix without it."""

import json
import shutil

import pytest

from heavytail.config.texts import TEXTS, source_of
from support import project
from support.data_sets import publish, publish_task
from support.hub_server import REVISION, TOKEN, Fault, Repository

pytestmark = pytest.mark.slow
# A group of two tasks; the config gives no commit of its data.
GROUP, COMMIT, LATER = "include_base_44_hebrew", "3" * 40, "4" * 40
DOMAINS = ["Driving License", "Arts & Humanities", "Driving License"]
CONFIG = {
    "models": {"remote": {"hub": "a/b", "revision": REVISION}},
    "methods": ["wanda"],
    "allocations": {"uniform": {"allocator": "uniform"}},
    "calibration": {"dataset": "c4", "samples": 4, "length": 32},
    "evaluation": {"dataset": "wikitext2", "length": 32, "windows": 8},
    "tasks": ["arc_easy", "boolq", GROUP],
}
MODEL = "results/models/remote/provenance.json"
DATA = (
    *("results/data/c4/calibration.jsonl", "results/data/c4/validation.jsonl"),
    *("results/data/wikitext2/test.jsonl", "results/data/python/validation.jsonl"),
    *(f"results/data/tasks/{task}.yaml" for task in ("arc_easy", "boolq", GROUP)),
)
# Each of another kind, and of another rule.
FAULTS = [
    Fault(f"resolve/{TEXTS['c4'].revision}/en/c4-train", 503),
    Fault("GET datasets/Salesforce/wikitext/resolve/", cut=9),
    Fault("GET api/datasets/aps/super_glue/revision/", 429, headers={"Retry_After": "0"}),
    Fault("GET datasets/allenai/ai2_arc/resolve/", 503),
    Fault(f"GET a/b/resolve/{REVISION}/model.safetensors", 503),
    Fault("GET api/models/a/b/tree", 429, headers={"Retry_After": "0"}),
]


def test_what_is_fetched_once_is_all_that_a_matrix_needs(fresh, hub, tmp_path, monkeypatch):
    publish(hub, tmp_path / "hub")
    options = {f"option_{letter}": letter * 3 for letter in "abcd"}
    rows = [options | {"question": "?", "answer": 0, "domain": own} for own in DOMAINS]
    of_group = ("CohereForAI/include-base-44", "Hebrew", "test", rows)
    publish_task(hub, tmp_path / "hub", COMMIT, *of_group)
    shutil.move(fresh.folder / "tiny", tmp_path / "hub/tiny")
    hub.repositories["a/b"] = Repository(tmp_path / "hub/tiny", gated=True)
    hub.faults += FAULTS
    fresh.configure(**CONFIG)
    run = fresh.snakemake("--keep-going", "--", MODEL, *DATA)
    end = [line for line in run.stdout.splitlines()[-6:] if line.startswith("fetch_")]
    where = f"models.remote: a/b at {REVISION}: access is restricted, HF_TOKEN is not set: accept"
    assert run.returncode != 0 and len(end) == 1, run.stdout
    assert end[0].startswith(f"fetch_model remote: {where}") and "Traceback" not in run.stdout
    assert all((fresh.folder / file).exists() for file in DATA)
    monkeypatch.setattr(project, "ENVIRONMENT", project.ENVIRONMENT | {"HF_TOKEN": TOKEN})
    fresh.run(MODEL)
    assert [fault for fault in FAULTS if fault.times] == []
    # Not one more request: jobs that compute are kept off the hub, and need none.
    hub.requests.clear()
    hub.repositories[f"datasets/{of_group[0]}"].revision = LATER
    fresh.run()
    assert not hub.requests and fresh.planned() == {}
    record = json.loads((fresh.folder / "results/zero_shot/remote/dense.json").read_text())
    assert record["model"] == {"source": "a/b", "revision": REVISION}
    assert set(record["scores"]) == {"arc_easy", "boolq", GROUP} and record["bos"] == "none"
    inner = record["results"]["configs"][f"{GROUP}_driving_license"]["metadata"]
    # The run stays on the commit that was the newest when it fetched.
    assert inner["revision"] == COMMIT
    sizes = {task: own["original"] for task, own in record["results"]["n-samples"].items()}
    assert (sizes[f"{GROUP}_driving_license"], sizes[f"{GROUP}_arts_humanities"]) == (2, 1)
    record = json.loads((fresh.folder / "results/perplexity/remote/dense.json").read_text())
    source = source_of(TEXTS["wikitext2"], "test")
    assert record["source"] == f"{source['hub']}/{source['file']}" and record["perplexity"] > 1
    assert record["revision"] == source["revision"] and len(record["documents_sha256"]) == 64
