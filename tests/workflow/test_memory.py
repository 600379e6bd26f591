"""Jobs of a run on a machine that has little memory, as far as a made-up limit tells."""

import re
from itertools import pairwise

import pytest

from support.errors_page import TOO_LARGE

pytestmark = pytest.mark.slow
RULE = "prune_cell"
# What it is about is when jobs begin and end, not what they compute.
SLOW = """
import time
from pathlib import Path

began = time.time()
time.sleep(1)
for file in snakemake.output:
    Path(file).write_text("{}")
with open("spans", "a") as spans:
    print(began, time.time(), snakemake.threads, file=spans)
"""
TARGETS = [f"results/pruned/tiny/magnitude/0.6/{name}/seed-0.json" for name in ("uniform", "gt")]
PROFILE = ("gpu=1", "artifact=2")


def memory_of(plan: str) -> int:
    """The memory that a plan says for jobs that prune."""
    return int(re.search(rf"rule {RULE}:\n(?:    .*\n)*?    resources: .*mem_mb=(\d+)", plan)[1])


def spans(project, megabytes: int) -> list[tuple[float, float, int]]:
    """When each of two jobs began and ended under such a limit, and its threads."""
    (project.folder / "spans").unlink(missing_ok=True)
    limit = ("--resources", *PROFILE, f"mem_mb={megabytes}")
    run = project.snakemake("--forcerun", RULE, *limit, "--", *TARGETS)
    assert run.returncode == 0, run.stdout
    lines = (project.folder / "spans").read_text().splitlines()
    rows = [line.split() for line in lines]
    return sorted((float(began), float(ended), int(threads)) for began, ended, threads in rows)


def test_two_jobs_that_do_not_fit_together_run_one_after_the_other_on_all_cores(project):
    (project.folder / f"scripts/{RULE}.py").write_text(SLOW)
    plan = project.snakemake("--dry-run", "--forcerun", RULE, "--", *TARGETS)
    need = memory_of(plan.stdout)
    alone = spans(project, 2 * need - 1)
    assert [threads for *_, threads in alone] == [2, 2]
    assert all(before[1] <= after[0] for before, after in pairwise(alone))
    together = spans(project, 2 * need)
    assert [threads for *_, threads in together] == [1, 1]
    assert together[1][0] < together[0][1]


def test_a_job_that_does_not_fit_alone_is_told_before_any_begins(project):
    (project.folder / f"scripts/{RULE}.py").write_text(SLOW)
    limit = ("--resources", *PROFILE, "mem_mb=350")
    run = project.snakemake("--forcerun", RULE, *limit, "--", *TARGETS)
    assert run.returncode != 0 and not (project.folder / "spans").exists(), run.stdout
    (said,) = re.findall(r"^memory: .*$", run.stdout, re.MULTILINE)
    numbers = {"need": r"\d+", "limit": 350, "total": r"\d+"}
    assert re.fullmatch(TOO_LARGE.format(model="tiny", rule=RULE, **numbers), said)
    assert "Traceback" not in run.stdout
    # Nothing stays locked, and a user who knows better goes on.
    own = ("--set-resources", f"{RULE}:mem_mb=300")
    assert project.snakemake("--forcerun", RULE, *limit, *own, "--", *TARGETS).returncode == 0
