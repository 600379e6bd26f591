"""What the hub may do to a fetch: each fault is one line, and a rerun goes on where it ended."""

import shutil
from pathlib import Path

import pytest
from huggingface_hub import constants

from fetch_model import fetch_model
from fetch_text import fetch_text
from heavytail.io.files import read_json, read_lines, sha256
from heavytail.io.hub import FetchError
from support import bad_hub
from support.bad_hub import DATA, MODEL, PARQUET, TEXT, WEIGHTS
from support.bad_inputs import matches
from support.data_sets import publish, text_rows
from support.hub_server import ENDPOINT, REVISION, TOKEN, Fault, Repository

AGAIN = "the file was deleted, and the next run fetches it again"


@pytest.fixture
def served(hub, model_folder, tmp_path, monkeypatch):
    """The hub with the data sets and the tiny model as a/b, a pickle and code beside it."""
    publish(hub, tmp_path / "hub")
    folder = tmp_path / "hub/model"
    shutil.copytree(model_folder, folder, ignore=shutil.ignore_patterns("provenance.json"))
    (folder / "modeling_evil.py").write_text("raise SystemExit\n")
    (folder / "pytorch_model.bin").write_bytes(b"pickle")
    hub.repositories["a/b"] = Repository(folder)
    # What comes is written in parts of this size, and what is written is not fetched again.
    monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", 1000)
    return hub


@pytest.fixture
def fetch(served, tmp_path):
    """Fetches the model m, or the text, and gives what stands for it."""
    model, text = tmp_path / "models/m/provenance.json", tmp_path / "text.json"

    def model_(hub: str = "a/b", revision: str = REVISION) -> dict:
        fetch_model({"hub": hub, "revision": revision}, str(model))
        return read_json(model)

    def text_() -> dict:
        fetch_text(TEXT, str(text.with_suffix(".jsonl")), str(text))
        assert [{"text": r["text"]} for r in read_lines(text.with_suffix(".jsonl"))] == text_rows(
            TEXT["file"]
        )
        return read_json(text)

    model_.output, text_.output = model, text
    return {"model": model_, "text": text_}


def test_a_pinned_revision_comes_without_pickles_or_code(served, fetch, model_folder):
    record = fetch["model"]()
    assert (record["source"], record["revision"]) == ("a/b", REVISION)
    assert record["files"]["model.safetensors"] == sha256(model_folder / "model.safetensors")
    folder = fetch["model"].output.parent
    names = {path.name for path in folder.iterdir()}
    assert {"config.json", "tokenizer.json"} < names
    assert not names & {"modeling_evil.py", "pytorch_model.bin"}
    assert not served.asked(".py") and not served.asked(".bin")


def test_another_revision_starts_from_an_empty_folder(served, fetch):
    stale = fetch["model"].output.with_name("model.safetensors.index.json")
    stale.parent.mkdir(parents=True)
    stale.write_text("{}")
    fetch["model"]()
    assert not stale.exists()
    served.requests.clear()
    fetch["model"]()
    assert not served.asked("resolve")


@pytest.mark.parametrize("name", bad_hub.MODELS)
def test_a_refused_model_is_one_line_and_a_rerun_fetches_what_lacks(
    name, served, fetch, monkeypatch
):
    refusal = bad_hub.MODELS[name]
    vars(served.repositories["a/b"]).update(refusal.repository)
    served.faults += [refusal.fault] if refusal.fault else []
    if refusal.token:
        monkeypatch.setenv("HF_TOKEN", refusal.token)
    with pytest.raises(FetchError) as caught:
        fetch["model"](**refusal.asked)
    asked = {"hub": "a/b", "revision": REVISION} | refusal.asked
    line = str(caught.value)
    assert matches(line, f"models.m: {asked['hub']} at {asked['revision']}: {refusal.line}")
    assert "\n" not in line and ("found" not in line or line.endswith(AGAIN))
    assert not fetch["model"].output.exists()
    kept = {path.name for path in fetch["model"].output.parent.iterdir() if path.is_file()}
    served.faults.clear()
    served.requests.clear()
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    assert fetch["model"]()["revision"] == REVISION
    if not refusal.asked:
        assert not any(served.asked(f"/{file}") for file in kept)


def test_a_hub_that_cannot_be_reached_is_one_line(fetch, monkeypatch):
    monkeypatch.setattr("huggingface_hub.hf_api.constants.ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(FetchError) as caught:
        fetch["model"]()
    line = f"models.m: {MODEL}: not fetched: [Errno 111] Connection refused"
    assert str(caught.value) == line


# What the library itself survives: fault → a part of the request that follows it.
PASSING = {
    "busy": (Fault("GET api/models/a/b/tree", 429, headers={"Retry_After": "7"}), "GET api"),
    "busy at a file's name": (Fault(f"HEAD {WEIGHTS}", 429, headers={"Retry_After": "7"}), "HEAD"),
    "busy at a file": (Fault(f"GET {WEIGHTS}", 429, headers={"Retry_After": "7"}), "GET a/b"),
    "down": (Fault("GET api/models/a/b/tree", 503), "GET api"),
    "down at a file's name": (Fault(f"HEAD {WEIGHTS}", 503), "HEAD a/b"),
    "cut": (Fault(f"GET {WEIGHTS}", cut=5000), f"GET {WEIGHTS} bytes=5000-"),
}


@pytest.mark.parametrize("name", PASSING)
def test_a_fault_that_passes_is_survived(name, served, fetch, model_folder):
    fault, follows = PASSING[name]
    served.faults.append(fault)
    files = fetch["model"]()["files"]
    assert fault.times == 0 and files["model.safetensors"] == sha256(
        model_folder / "model.safetensors"
    )
    assert served.asked(follows)
    # Retry-After is waited for, and a second for its rounding; a name is asked again at once.
    assert (8.0 in served.waits) == (fault.status == 429 and "HEAD" not in fault.at)


@pytest.mark.parametrize("name", bad_hub.TEXTS)
def test_a_refused_text_is_one_line_and_a_rerun_fetches_it(name, served, fetch):
    refusal = bad_hub.TEXTS[name]
    repository = served.repositories[f"datasets/{TEXT['hub']}"]
    vars(repository).update(refusal.repository)
    served.faults += [refusal.fault] if refusal.fault else []
    with pytest.raises(FetchError) as caught:
        fetch["text"]()
    line = str(caught.value)
    assert matches(line, f"{DATA}: {refusal.line}") and "\n" not in line
    assert not fetch["text"].output.exists()
    served.faults.clear()
    repository.revision = TEXT["revision"]
    assert fetch["text"]()["documents"] == 12


def test_a_text_that_is_cut_goes_on_where_it_was_cut(served, fetch):
    served.faults.append(Fault(f"GET {PARQUET}", cut=5000))
    fetch["text"]()
    assert served.asked(f"GET {PARQUET} bytes=5000-")


@pytest.mark.filterwarnings("ignore:Not enough free disk space")
@pytest.mark.parametrize("kind", ["model", "text"])
def test_a_full_disk_is_one_line_and_a_rerun_goes_on(kind, fetch, tmp_path, mounted, monkeypatch):
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted(disk, "-t", "tmpfs", "-o", "size=256k", "none")
    filler = disk / "filler"
    filler.write_bytes(bytes(250_000))
    if kind == "model":
        fetch["model"].output.parent.parent.symlink_to(disk)
    else:
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(disk))
    with pytest.raises(FetchError, match=r"not fetched: \[Errno 28\] No space left on device"):
        fetch[kind]()
    assert not fetch[kind].output.exists()
    filler.unlink()
    assert fetch[kind]()


def test_the_libraries_ask_no_other_hub():
    assert Path(constants.HF_HOME).name.startswith("heavytail-home-")
    assert constants.ENDPOINT == ENDPOINT
