"""Temporary artifacts: how many there are at once, and that none outlives its job."""

import re
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.faults import results
from support.plans import TABLES, WANDA_GT, WANDA_UNIFORM, consequences
from support.project import Project

pytestmark = pytest.mark.slow
LIMIT = 2
ARTIFACT = f"results/pruned/tiny/{WANDA_GT}.safetensors"
EXPORTED = f"results/exported/tiny/{WANDA_GT}"
SLURM = ("--workflow-profile", "profiles/slurm", "--max-threads", "2")
# Put into the evaluation: that of one cell of wanda fails, the job of the other is killed.
FAULTS = """if pruned and "wanda/0.6/gt" in str(pruned.path):
        raise ValueError("no loss")
    if pruned and "wanda" in str(pruned.path):
        import os
        os.kill(os.getpid(), 9)
    """
EVALUATION, BEGIN = "scripts/heavytail/evaluation/perplexity.py", "streamed = StreamedModel("


def artifacts(project: Project) -> list[Path]:
    """Whole ones and those that a job has for itself; blocks of one that is begun do not count."""
    return list(project.folder.glob("results/pruned/**/seed-*.safetensors"))


def lasting(project: Project) -> dict[str, object]:
    """What must be the same whether artifacts stay or not."""
    return {name: what for name, what in results(project).items() if "pruned/" not in name}


@contextmanager
def watched(project: Project) -> Iterator[list[int]]:
    """The most artifacts that were there at once, as a list of one."""
    most, ended = [0], threading.Event()

    def watch() -> None:
        while not ended.wait(0.02):
            most[0] = max(most[0], len(artifacts(project)))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield most
    finally:
        ended.set()
        watcher.join()


@pytest.fixture
def temporary(project) -> Project:
    """The finished matrix without its pruned cells, and nothing of it kept in the store."""
    for stage in ("pruned", "perplexity", "zero_shot"):
        for method in ("magnitude", "wanda"):
            shutil.rmtree(project.folder / "results" / stage / "tiny" / method)
    shutil.rmtree(project.folder / "results/store")
    project.configure(artifacts="temporary")
    return project


def evaluated(*cells: str) -> dict[str, list[str]]:
    """The jobs that prune and evaluate these cells, and what follows."""
    return {"evaluate_cell": sorted(f"results/pruned/tiny/{cell}.json" for cell in cells)} | TABLES


def test_artifacts_come_and_go_and_zero_shot_may_be_asked_later(temporary, finished):
    temporary.configure(artifacts="temporary", tasks=[])
    with watched(temporary) as most:
        temporary.run()
    assert 1 <= most[0] <= LIMIT and not artifacts(temporary)
    assert temporary.planned() == {}
    records = sorted((temporary.folder / "results/perplexity/tiny/wanda").rglob("*.json"))
    before = [path.stat().st_ino for path in records]

    temporary.configure(artifacts="temporary")
    assert len(temporary.planned()["evaluate_cell"]) == 4
    with watched(temporary) as most:
        temporary.run()
    assert 1 <= most[0] <= LIMIT and not artifacts(temporary)
    assert [path.stat().st_ino for path in records] == before, "restored, not measured again"
    assert lasting(temporary) == lasting(finished) and temporary.planned() == {}

    temporary.configure()
    assert temporary.planned().keys() == {"prune_cell", *consequences()}, "where artifacts stay"


def test_failures_leave_no_artifact_and_a_rerun_goes_on(temporary, finished):
    script = temporary.folder / EVALUATION
    text = script.read_text()
    temporary.edit(EVALUATION, BEGIN, FAULTS + BEGIN)
    run = temporary.snakemake("--keep-going")
    assert run.returncode != 0 and "no loss" in run.stdout
    # Nobody cleans up after a job that is killed but the one that does its work.
    (left,) = artifacts(temporary)
    assert "wanda/0.6/uniform" in str(left)
    assert len(list((temporary.folder / "results/zero_shot/tiny").rglob("*.json"))) == 3

    script.write_text(text)
    with watched(temporary) as most:
        temporary.run()
    assert most[0] <= LIMIT and not artifacts(temporary)
    assert lasting(temporary) == lasting(finished)


def test_an_edit_makes_the_cells_stale_that_it_can_change(temporary):
    temporary.run()
    script = "scripts/heavytail/pruning/methods/wanda.py"
    temporary.edit(script, "abs() * norm", "abs() + norm")
    assert temporary.planned() == evaluated(WANDA_GT, WANDA_UNIFORM)
    temporary.edit(script, "abs() + norm", "abs() * norm")
    assert temporary.planned() == {}
    temporary.edit(EVALUATION, ".mean(dim=1)", ".sum(dim=1)")
    assert len(temporary.planned()["evaluate_cell"]) == 4


def test_what_was_pruned_by_other_code_is_evaluated_again(project):
    """As an interrupted run leaves it."""
    project.edit("scripts/heavytail/pruning/methods/wanda.py", "abs() * norm", "abs() + norm")
    project.run(ARTIFACT)
    left = consequences(WANDA_GT, WANDA_UNIFORM)
    left["prune_cell"].remove(ARTIFACT)
    assert project.planned() == left


def test_an_artifact_that_is_asked_for_by_name_stays_and_other_readers_prune_their_own(temporary):
    spectra = f"results/spectra/tiny/{WANDA_GT}.safetensors"
    with watched(temporary) as most:
        temporary.run(spectra, EXPORTED)
    assert 1 <= most[0] <= LIMIT and not artifacts(temporary)
    assert (temporary.folder / EXPORTED / "recipe.yaml").exists()
    temporary.run(ARTIFACT)
    assert artifacts(temporary) == [temporary.folder / ARTIFACT]
    temporary.run(f"results/perplexity/tiny/{WANDA_UNIFORM}.json")
    assert artifacts(temporary) == [temporary.folder / ARTIFACT]


def test_without_a_limit_of_artifacts_no_job_starts(temporary):
    run = temporary.snakemake("--resources", "gpu=1")
    assert run.returncode != 0 and "Traceback" not in run.stdout
    assert "config: artifacts: temporary needs a limit" in run.stdout
    assert temporary.snakemake("--resources", "gpu=1", "artifact=2").returncode == 0


def test_what_prunes_again_is_given_what_pruning_takes(temporary):
    temporary.edit(
        "rules/resources.smk",
        "PARAMETERS_PER_MINUTE = 30, 2**25",
        "PARAMETERS_PER_MINUTE = 30, 2**10",
    )
    targets = (EXPORTED, f"results/spectra/tiny/{WANDA_GT}.safetensors")
    minutes, minutes_of = {}, {"export_cell", "measure_spectra"}
    temporary.configure()
    temporary.run(f"results/pruned/tiny/{WANDA_GT}.origin.json")
    for mode in ("keep", "temporary"):
        temporary.configure(artifacts=mode)
        plan = temporary.snakemake(*SLURM, "--dry-run", "--", *targets).stdout
        found = re.findall(r"^rule (\w+):\n(?: {4}.*\n)*? {4}resources: (.*)", plan, re.MULTILINE)
        taken = {rule: dict(re.findall(r"(\w+)=([^,]+)", took)) for rule, took in found}
        taken = {rule: took for rule, took in taken.items() if rule in minutes_of}
        taken["measure_spectra"].pop("store")
        assert taken.keys() == minutes_of, plan
        minutes[mode] = {rule: int(took["runtime"]) for rule, took in taken.items()}
    assert taken["export_cell"] == taken["measure_spectra"], "of a cell that may be pruned again"
    assert taken["export_cell"]["gpu"] == "1"
    pruning = minutes["keep"]["measure_spectra"] - 30
    assert pruning > 10 and minutes["temporary"]["measure_spectra"] - 30 - 2 * pruning in (0, 1)
