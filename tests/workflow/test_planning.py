"""What makes planning fast changes no plan."""

import json

import pytest

from support.project import CONFIG, ENVIRONMENT, Project

pytestmark = pytest.mark.slow
# A listener that writes what a plan says of each of its jobs.
LISTENER = """
import json
import logging

import snakemake.rules
from snakemake.logging import logger

TOLD = ("rule_name", "input", "output", "log", "benchmark", "wildcards", "reason", "priority")


class Listener(logging.Handler):
    def emit(self, record):
        if getattr(record, "event", None) == "job_info":
            told = {name: getattr(record, name) for name in (*TOLD, "threads")}
            told["resources"] = {name: str(value) for name, value in record.resources.items()}
            with open("plan", "a") as plan:
                print(json.dumps(told, sort_keys=True), file=plan)


logger.addHandler(Listener())
print("remembered:", hasattr(snakemake.rules.get_function_params, "__wrapped__"))
"""


def plan(project: Project, remembered: bool, *arguments: str) -> list[str]:
    """What a plan says of each job but for the number that it gives it, sorted."""
    done = project.snakemake("--dry-run", *arguments)
    assert done.returncode == 0, done.stdout
    assert f"remembered: {remembered}" in done.stdout.splitlines(), done.stdout
    path = project.folder / "plan"
    jobs = sorted(path.read_text().splitlines())
    path.unlink()
    return jobs


def before_the_first_run(project: Project) -> set[str]:
    return {"Missing output files"}


def after_edits(project: Project) -> set[str]:
    (project.folder / "results/perplexity/tiny/magnitude/0.6/gt/seed-0.json").unlink()
    project.edit("scripts/heavytail/pruning/methods/wanda.py", "abs() * norm", "abs() + norm")
    project.configure(tasks=[*CONFIG["tasks"], "python_continuation"])
    return {
        "Missing output files",
        "Params have changed since last execution",
        "Set of input files has changed since last execution",
        "Input files updated by another job",
    }


@pytest.mark.parametrize(
    ("fixture", "prepare", "arguments"),
    [
        ("fresh", before_the_first_run, ()),
        ("project", after_edits, ()),
        # Memory and time of each job are functions, which are asked what they take.
        ("project", after_edits, ("--workflow-profile", "profiles/slurm")),
    ],
)
def test_a_plan_is_the_same_without_what_makes_it_fast(
    request, monkeypatch, fixture, prepare, arguments
):
    # A reason lists the files of a set.
    monkeypatch.setitem(ENVIRONMENT, "PYTHONHASHSEED", "0")
    project = request.getfixturevalue(fixture)
    reasons = prepare(project)
    with open(project.folder / "Snakefile", "a") as snakefile:
        snakefile.write(LISTENER)
    fast = plan(project, True, *arguments)
    (project.folder / "rules/planning.smk").write_text('"""Nothing."""\n')
    assert plan(project, False, *arguments) == fast
    found = {part.split(":")[0] for job in fast for part in json.loads(job)["reason"].split("; ")}
    assert found >= reasons, found
