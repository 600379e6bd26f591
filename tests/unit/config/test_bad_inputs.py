"""Bad config files, models and documents: one line each, nothing executed, nothing lost."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from fetch_model import fetch_model
from freeze_calibration import freeze_calibration
from heavytail.config.mistakes import SettingsError
from heavytail.config.settings import checked
from heavytail.config.texts import SHARES
from heavytail.projections import PROJECTIONS
from heavytail.running.jobs import logged
from read_alphas import write_published
from read_text import read_text
from support import errors_page
from support.bad_alphas import ALPHAS
from support.bad_inputs import CONFIG_FILES, DOCUMENTS, MODELS, NAMES, matches
from support.bad_settings import HUB
from support.bad_tasks import BAD_TASKS, GOOD
from support.bad_texts import BAD_FILES

ROOT = Path(__file__).parents[3]
SCHEMA = yaml.safe_load((ROOT / "config/schema.yaml").read_text())


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def check_config_files(folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    command = [sys.executable, ROOT / "scripts/check_config_files.py", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def said_by_job(name: str, work, *arguments) -> str:
    """The line with which a job ends, without its log's path."""
    log = Path("results/logs", name, "a.log")
    log.parent.mkdir(parents=True)
    with pytest.raises(SystemExit) as ended, logged(str(log)):
        work(*arguments)
    assert "\n" not in ended.value.code
    return ended.value.code.removesuffix(f" (log: {log})")


def said_of_model() -> str:
    """What a run says of the model `a` in the folder m: before any job, else from its job."""
    try:
        checked({"models": {"a": {"path": "m"}}}, SCHEMA, [Path()])
    except SettingsError as error:
        return f"config: {error}"
    output = Path("results/models/a/provenance.json")
    said = said_by_job("fetch_model", fetch_model, {"path": "m"}, str(output))
    assert not output.exists()
    return said


@pytest.mark.parametrize(
    ("change", "line"), [case[1:] for case in MODELS], ids=[c[0] for c in MODELS]
)
def test_a_bad_model_gets_one_line(change, line, model_folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(model_folder, "m")
    change(Path("m"))
    before = contents(Path("m"))
    said = said_of_model()
    assert matches(said, line), said
    assert "\n" not in said and not Path("executed").exists()
    assert contents(Path("m")) == before


@pytest.mark.parametrize(("models", "line"), NAMES)
def test_a_bad_name_or_place_of_a_model_gets_one_line(models, line, model_folder, tmp_path):
    for place in ("m", "results/models/a"):
        shutil.copytree(model_folder, tmp_path / place)
    with pytest.raises(SettingsError) as raised:
        checked({"models": models}, SCHEMA, [tmp_path])
    assert str(raised.value) == line


@pytest.mark.parametrize("name", ["my model", "modèle", "..m", "m{x}", "m,n"])
def test_a_folder_may_have_any_name(name, model_folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(model_folder, Path("m", name))
    path = f"m/../m/{name}"
    assert checked({"models": {"a": {"path": path}}}, SCHEMA, [Path()])
    output = Path("results/models/a/provenance.json")
    fetch_model({"path": path}, str(output))
    assert output.exists()


@pytest.mark.parametrize(
    ("content", "line"), [case[1:] for case in CONFIG_FILES], ids=[case[0] for case in CONFIG_FILES]
)
def test_a_bad_config_file_gets_one_line(content, line, tmp_path):
    if content is not None:
        (tmp_path / "c.yaml").write_bytes(content)
    ended = check_config_files(tmp_path, "-n", "--configfile", "c.yaml")
    assert ended.returncode == 1 and ended.stdout == ""
    assert matches(ended.stderr.removesuffix("\n"), f"config: c.yaml: {line}"), ended.stderr
    assert ended.stderr.count("\n") == 1 and not (tmp_path / "executed").exists()


@pytest.mark.parametrize("arguments", [[], ["--configfile", "config/notes.yaml", "-n"], ["-n"]])
def test_good_config_files_pass_in_silence(arguments):
    ended = check_config_files(ROOT, *arguments)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("content", "line"), [case[1:] for case in DOCUMENTS], ids=[case[0] for case in DOCUMENTS]
)
def test_bad_documents_get_one_line(content, line, model_folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("d.jsonl").write_bytes(content)
    Path("d.json").write_text('{"source": "s", "revision": "r"}')
    settings = {"weights": {"a": 1}, "draw": "documents", "samples": 2, "length": 8, "seed": 0}
    model = str(model_folder / "provenance.json")
    said = said_by_job(
        "freeze_calibration", freeze_calibration, model, ["d.jsonl"], ["d.json"], settings, "out"
    )
    assert said == f"freeze_calibration a: {line}"
    assert Path("d.jsonl").read_bytes() == content and not Path("executed").exists()


@pytest.mark.parametrize(
    ("content", "line"), [case[1:] for case in BAD_TASKS], ids=[case[0] for case in BAD_TASKS]
)
def test_a_bad_local_task_gets_one_line(content, line, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("own.json").touch()
    config = {"models": {"a": HUB}, "tasks": [{"path": "t.yaml", "limit": 3}]}
    Path("t.yaml").write_text(GOOD)
    assert checked(config, SCHEMA, [Path()])["tasks"] == config["tasks"]
    Path("t.yaml").write_text(content)
    with pytest.raises(SettingsError) as raised:
        checked(config, SCHEMA, [Path()])
    assert str(raised.value) == f"tasks.path: {line}"


@pytest.mark.parametrize(
    ("name", "content", "line"), [case[1:] for case in BAD_FILES], ids=[c[0] for c in BAD_FILES]
)
def test_a_bad_local_text_gets_one_line(name, content, line, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path(name).write_bytes(content)
    source = {"file": name, "field": "text", "split": "test", "seed": 0, "shares": SHARES}
    told = {"name": name, "sha256": "0"}
    said = said_by_job("read_text", read_text, source, told, "out.jsonl", "out.json")
    assert matches(said, f"read_text a: {line}"), said
    assert contents(Path()) == {name: content}


@pytest.mark.parametrize(
    ("content", "line"), [case[1:] for case in ALPHAS], ids=[case[0] for case in ALPHAS]
)
def test_bad_alphas_get_one_line(content, line, model_folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("a.npy").write_bytes(content)
    outputs = {"model": "published.json", "metrics": "tails.csv"}
    config = str(model_folder / "config.json")
    said = said_by_job("read_alphas", write_published, config, "a.npy", list(PROJECTIONS), outputs)
    assert matches(said, f"read_alphas a: {line}"), said
    assert not any(Path(path).exists() for path in (*outputs.values(), "executed"))


def test_the_page_shows_every_line():
    page = errors_page.page()
    assert page.count("\n| ") > 150
    assert (ROOT / "config/errors.md").read_text() == page
