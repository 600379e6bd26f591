"""Temporary artifacts: how many there are at once, and what their deletion leaves alone."""

import re
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path

import pytest

from support.faults import results
from support.plans import TABLES, WANDA_GT, WANDA_UNIFORM, consequences
from support.project import Project

pytestmark = pytest.mark.slow
LIMIT = 2
ARTIFACT = f"results/pruned/tiny/{WANDA_GT}.safetensors"
EXPORTED = f"results/exported/tiny/{WANDA_GT}"
MODULE = """
configfile: "config/config.yaml"


module heavytail:
    snakefile:
        "Snakefile"
    config:
        config


use rule * from heavytail as heavytail_*


rule own:
    input:
        "results/pruned/tiny/wanda/0.6/uniform/seed-0.safetensors",
    output:
        "own.txt",
    shell:
        "wc -c {input} >{output}"
"""
SLURM = ("--workflow-profile", "profiles/slurm", "--max-threads", "2")
# Put into a script: one cell of wanda fails, the job of the other is killed.
FAULTS = """if pruned and "wanda/0.6/gt" in str(artifact):
        raise ValueError("no loss")
    if pruned and "wanda" in str(artifact):
        import os
        os.kill(os.getpid(), 9)
    """
FIRST_ATTEMPT = """if pruned and not Path("tried").exists():
        Path("tried").touch()
        raise ValueError("no loss")
    """
BEGIN = "streamed = StreamedModel("


def artifacts(project: Project) -> list[Path]:
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


def places(project: Project, kind: str) -> dict[Path, tuple[int, int]]:
    """Each record with what changes when it is written again."""
    found = (project.folder / "results" / kind).rglob("*.json")
    return {path: (path.stat().st_ino, path.stat().st_mtime_ns) for path in found}


@pytest.fixture
def temporary(project) -> Project:
    """The finished matrix, its artifacts gone."""
    project.configure(artifacts="temporary")
    for path in artifacts(project):
        path.unlink()
    return project


def test_temporary_artifacts_come_and_go_and_zero_shot_may_be_asked_later(project, finished):
    for stage, method in product(("pruned", "perplexity", "zero_shot"), ("magnitude", "wanda")):
        shutil.rmtree(project.folder / "results" / stage / "tiny" / method)
    project.configure(artifacts="temporary", tasks=[])
    with watched(project) as most:
        project.run()
    assert 1 <= most[0] <= LIMIT and not artifacts(project)
    assert project.planned() == {}

    before, pruned = places(project, "perplexity"), places(project, "pruned")
    project.configure(artifacts="temporary")
    project.run(f"results/zero_shot/tiny/{WANDA_GT}.json")
    planned = project.planned()
    assert planned.keys() == {"evaluate_zero_shot", *TABLES}
    assert len(planned["evaluate_zero_shot"]) == 3, "the other cells"
    with watched(project) as most:
        project.run()
    assert 1 <= most[0] <= LIMIT and not artifacts(project)
    assert (places(project, "perplexity"), places(project, "pruned")) == (before, pruned)
    assert lasting(project) == lasting(finished)


def test_failures_leave_no_artifact_and_stop_no_other_evaluation(temporary, finished):
    script = temporary.folder / "scripts/evaluate_perplexity.py"
    text = script.read_text()
    for stage in ("pruned", "perplexity", "zero_shot"):
        shutil.rmtree(temporary.folder / "results" / stage / "tiny/wanda")
    temporary.edit("scripts/evaluate_perplexity.py", BEGIN, FAULTS + BEGIN)
    with watched(temporary) as most:
        run = temporary.snakemake("--keep-going")
    assert run.returncode != 0 and "no loss" in run.stdout
    assert 1 <= most[0] <= LIMIT and not artifacts(temporary), run.stdout
    assert len(places(temporary, "zero_shot")) == 5, "also of the cells whose perplexity failed"
    assert len(places(temporary, "perplexity")) == 3

    script.write_text(text)
    temporary.edit("scripts/evaluate_perplexity.py", BEGIN, FIRST_ATTEMPT + BEGIN)
    pruned = places(temporary, "pruned")
    run = temporary.snakemake("--retries", "1")
    assert run.returncode == 0 and "Trying to restart" in run.stdout, run.stdout
    assert places(temporary, "pruned") == pruned and not artifacts(temporary)
    assert lasting(temporary) == lasting(finished)


def test_a_deleted_artifact_makes_nothing_stale_but_an_edit_does(temporary):
    assert temporary.planned() == {}
    script = "scripts/heavytail/pruning/methods/wanda.py"
    temporary.edit(script, "abs() * norm", "abs() + norm")
    assert temporary.planned() == consequences(WANDA_GT, WANDA_UNIFORM)
    temporary.edit(script, "abs() + norm", "abs() * norm")
    temporary.edit("scripts/heavytail/evaluation/perplexity.py", ".mean(dim=1)", ".sum(dim=1)")
    assert temporary.planned().keys() == {"evaluate_perplexity", *TABLES}


@pytest.mark.parametrize("mode", ["keep", "temporary"])
def test_what_was_pruned_by_other_code_is_evaluated_again(project, mode):
    """As an interrupted run leaves it, and where the artifact has been deleted since."""
    project.configure(artifacts=mode)
    project.edit("scripts/heavytail/pruning/methods/wanda.py", "abs() * norm", "abs() + norm")
    project.run(ARTIFACT)
    if mode == "temporary":
        (project.folder / ARTIFACT).unlink()
    left = consequences(WANDA_GT, WANDA_UNIFORM)
    left["prune_cell"].remove(ARTIFACT)
    assert project.planned() == left


def test_artifacts_that_nothing_is_to_read_go_unless_asked_for_by_name(project):
    kept = artifacts(project)
    project.configure(artifacts="temporary")
    assert project.planned() == {}
    project.run(ARTIFACT)
    assert artifacts(project) == kept and len(kept) == 4
    (project.folder / f"results/perplexity/tiny/{WANDA_UNIFORM}.json").unlink()
    project.run(ARTIFACT, "results/tables/cells.csv")
    assert artifacts(project) == [project.folder / ARTIFACT]
    project.run()
    assert not artifacts(project)


def test_what_a_run_prunes_for_nothing_to_read_goes_too(temporary):
    record = "results/pruned/tiny/magnitude/0.6/gt/seed-0.json"
    (temporary.folder / record).unlink()
    temporary.run(record)
    assert (temporary.folder / record).exists() and not artifacts(temporary)


def test_in_a_module_the_last_artifact_goes_too_but_none_that_a_rule_of_its_user_names(temporary):
    """Of a module Snakemake calls neither onsuccess nor onerror."""
    record = f"results/perplexity/tiny/{WANDA_GT}.json"
    (temporary.folder / record).unlink()
    (temporary.folder / "own.smk").write_text(MODULE)
    run = temporary.snakemake("--snakefile", "own.smk", "--", record, "own.txt")
    assert run.returncode == 0 and (temporary.folder / record).exists(), run.stdout
    named = temporary.folder / f"results/pruned/tiny/{WANDA_UNIFORM}.safetensors"
    assert artifacts(temporary) == [named]


def test_without_a_limit_of_artifacts_no_job_starts(temporary):
    run = temporary.snakemake("--resources", "gpu=1")
    assert run.returncode != 0 and "Traceback" not in run.stdout
    assert "config: artifacts: temporary needs a limit" in run.stdout
    assert temporary.snakemake("--resources", "gpu=1", "artifact=2").returncode == 0


def test_what_prunes_again_is_given_what_pruning_takes(temporary):
    """And no more threads than a pruning, which would start in its place."""
    temporary.edit(
        "rules/resources.smk",
        "PARAMETERS_PER_MINUTE = 30, 2**25",
        "PARAMETERS_PER_MINUTE = 30, 2**10",
    )
    targets = (EXPORTED, f"results/spectra/tiny/{WANDA_GT}.safetensors")
    minutes = {}
    for mode, threads in (("keep", 1), ("temporary", 0)):
        temporary.configure(artifacts=mode)
        plan = temporary.snakemake(*SLURM, "--dry-run", "--", *targets).stdout
        assert plan.count("threads: 2") == threads, plan
        found = re.findall(r"^rule (\w+):\n(?: {4}.*\n)*? {4}resources: (.*)", plan, re.MULTILINE)
        taken = {rule: dict(re.findall(r"(\w+)=([^,]+)", took)) for rule, took in found}
        assert taken.keys() == {"export_cell", "measure_spectra"}, plan
        minutes[mode] = {rule: int(took["runtime"]) for rule, took in taken.items()}
    assert taken["export_cell"] == taken["measure_spectra"], "of a cell that may be pruned again"
    assert taken["export_cell"]["gpu"] == "1"
    pruning = minutes["keep"]["measure_spectra"] - 30
    assert pruning > 10 and minutes["temporary"]["measure_spectra"] - 30 - 2 * pruning in (0, 1)
