import ast
import gc
import json
import logging
import math
import os
import subprocess
import sys
from pathlib import Path

import datasets
import pytest
import torch
from huggingface_hub import HfApi, constants
from safetensors.torch import save_file

from heavytail.evaluation import perplexity
from heavytail.evaluation.perplexity import evaluate_perplexity
from heavytail.io.computed import Stopwatch
from heavytail.running import jobs


def test_a_failed_job_ends_with_one_line_and_its_log_has_the_traceback(tmp_path):
    log = tmp_path / "logs/prune_cell/a/seed-0.log"
    log.parent.mkdir(parents=True)
    before = sys.stderr
    with pytest.raises(SystemExit) as caught, jobs.logged(str(log)):
        logging.info("begun")
        print("a library's warning", file=sys.stderr)
        raise ValueError("block 3:\nnot finite")
    line = f"prune_cell a/seed-0: block 3: not finite (log: {log})"
    assert caught.value.code == line
    assert sys.stderr is before
    text = log.read_text()
    assert "begun" in text and "a library's warning" in text and "Traceback" in text
    assert text.endswith(f"\n{line}\n")


def test_a_job_that_works_leaves_no_traceback(tmp_path):
    with jobs.logged(str(tmp_path / "job.log")):
        logging.info("done")
    assert (tmp_path / "job.log").read_text().endswith("done\n")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_log_that_takes_nothing_does_not_hide_the_failure():
    with pytest.raises(SystemExit, match="not finite"), jobs.logged("/dev/full"):
        raise ValueError("not finite")


ASK = "from huggingface_hub import HfApi; HfApi().model_info('a/b')"


def test_a_job_is_off_the_hub_unless_it_fetches(hub, tmp_path):
    log = str(tmp_path / "job.log")
    with pytest.raises(SystemExit, match="offline mode is enabled"), jobs.logged(log):
        assert datasets.config.HF_HUB_OFFLINE and os.environ["HF_HUB_OFFLINE"] == "1"
        child = subprocess.run([sys.executable, "-c", ASK], capture_output=True, text=True)
        assert "offline mode is enabled" in child.stderr
        HfApi().model_info("a/b")
    assert not hub.requests and "HF_HUB_OFFLINE" not in os.environ
    assert not constants.HF_HUB_OFFLINE and not datasets.config.HF_HUB_OFFLINE
    with pytest.raises(SystemExit, match="401"), jobs.logged(log, fetches=True):
        HfApi().model_info("a/b")
    assert hub.asked("api/models/a/b")


def test_usage_counts_time_and_memory():
    usage = Stopwatch().usage()
    assert usage["seconds"] >= 0 and usage["peak_memory_mb"] > 10


def test_out_of_memory_says_what_to_lower(tmp_path):
    expected = pytest.raises(SystemExit, match=r"allocate memory.*; lower calibration\.samples")
    with expected, jobs.logged(str(tmp_path / "job.log"), "calibration.samples"):
        torch.empty(2**55)


def test_a_perplexity_that_overflows_is_a_record_with_a_reason(model_folder, tmp_path, monkeypatch):
    model = tmp_path / "provenance.json"
    for path in model_folder.iterdir():
        (tmp_path / path.name).symlink_to(path)
    model.write_text(json.dumps({"source": "tiny", "revision": None}))
    save_file({"input_ids": torch.zeros(2, 8, dtype=torch.long)}, tmp_path / "ids", {"join": "x"})
    losses = torch.tensor([math.inf, 1.0]).double()
    monkeypatch.setattr(perplexity, "negative_log_likelihoods", lambda *_: losses)
    evaluate_perplexity(
        str(model), None, str(tmp_path / "ids"), math.inf, str(tmp_path / "record.json")
    )
    record = json.loads((tmp_path / "record.json").read_text())
    assert record["perplexity"] is None and "overflows" in record["reason"]
    assert record["losses"] == [None, 1.0] and record["model"]["source"] == "tiny"


def test_a_job_rarely_looks_for_garbage(tmp_path):
    # To its end: to set the threshold back would make Python look through all that it spared.
    gc.set_threshold(700)
    with jobs.logged(str(tmp_path / "job.log")):
        assert gc.get_threshold()[0] == jobs.NEW_OBJECTS > 700
        assert gc.isenabled()
    assert gc.get_threshold()[0] == jobs.NEW_OBJECTS


ENDING = """
import atexit, sys
from heavytail.running.jobs import logged

class Library:
    def __del__(self, tell=print):
        tell("taken apart", flush=True)

library = Library()
for reason in sys.argv[2:]:
    with logged(sys.argv[1]):
        atexit.register(print, "ended")
        if reason:
            raise ValueError(reason)
"""
SCRIPT = f"snakemake = None{ENDING}"


def ended(code: str, *arguments: str) -> subprocess.CompletedProcess:
    """Run a process that has jobs: the path of the log, and of each job the reason why it fails."""
    command = [sys.executable, "-c", code, *arguments]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run(command, capture_output=True, text=True, env=environment)


def test_a_script_that_did_its_work_ends_at_once(tmp_path):
    left = ended(SCRIPT, str(tmp_path / "a.log"), "")
    # What is to be done at the end is done, and what is written arrives.
    assert (left.returncode, left.stdout) == (0, "ended\n"), left.stderr


@pytest.mark.parametrize("reasons", [["no"], ["", "no"]])
def test_a_script_that_fails_ends_as_one_that_fails(reasons, tmp_path):
    left = ended(SCRIPT, str(tmp_path / "a.log"), *reasons)
    assert left.returncode == 1 and ": no (log: " in left.stderr
    assert left.stdout.endswith("ended\ntaken apart\n")


def test_another_program_that_does_the_work_of_a_job_ends_as_ever(tmp_path):
    left = ended(f"{ENDING}sys.exit(3)", str(tmp_path / "a.log"), "")
    assert (left.returncode, left.stdout) == (3, "ended\ntaken apart\n")


@pytest.mark.parametrize("path", sorted(Path("scripts").glob("*.py")), ids=lambda path: path.stem)
def test_nothing_follows_the_work_of_a_script(path):
    """The process may have ended by then."""
    last = ast.parse(path.read_text(encoding="utf-8")).body[-1]
    if "running.jobs" in path.read_text(encoding="utf-8"):
        assert isinstance(last, ast.If) and ast.unparse(last.test) == "__name__ == '__main__'"
        (only,) = last.body
        assert ast.unparse(only).startswith(("with logged(", "run_once(")), ast.unparse(only)


@pytest.mark.parametrize(("given", "found"), [(None, "PASSIVE"), ("ACTIVE", "ACTIVE")])
def test_waiting_threads_of_a_job_sleep_unless_the_user_says_otherwise(
    given, found, tmp_path, monkeypatch
):
    monkeypatch.delenv("OMP_WAIT_POLICY")
    if given:
        monkeypatch.setenv("OMP_WAIT_POLICY", given)
    with jobs.logged(str(tmp_path / "log")):
        assert os.environ["OMP_WAIT_POLICY"] == found
