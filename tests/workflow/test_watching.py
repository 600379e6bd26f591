"""`./run status` before, during and after a run, and what a run says when it fails."""

import subprocess
import sys

import pytest

from support.project import CONFIG, Project, wait_for

pytestmark = pytest.mark.slow
RECORD = "results/perplexity/tiny/magnitude/0.6/gt/seed-0.json"
# Put into a script: the job says that it is there, then waits for a file.
WAIT = """from pathlib import Path
    from time import sleep
    Path("at-work").touch()
    while not Path("go").exists():
        sleep(0.05)
"""
# Put into a script: the job ends before its log is there, the first time.
FAIL_ONCE = """from pathlib import Path
    if not Path("tried").exists():
        Path("tried").touch()
        raise SystemExit(1)
    """


def status(project: Project, *arguments: str) -> str:
    """What the status says, spaces squeezed."""
    command = [sys.executable, "scripts/status.py", *arguments]
    said = subprocess.run(command, cwd=project.folder, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr
    return "\n".join(" ".join(line.split()) for line in said.stdout.splitlines())


def test_before_the_first_run_all_is_missing_and_of_unknown_length(fresh):
    said = status(fresh)
    assert "0 done, 0 stale, 5 missing, 0 running" in said
    assert "| prune_cell | 4 | | |" in said
    assert "0 s one after another, and 34 jobs of rules without a measured time" in said


def test_a_finished_matrix_is_done(project):
    said = status(project)
    assert "# tiny (dense: done)" in said and "| gt | 0.6 | seed-0 | done | done |" in said
    assert said.endswith("5 done, 0 stale, 0 missing, 0 running.\n\nNothing is left to do.")


def test_a_deleted_record_is_missing_and_an_edit_makes_cells_stale(project):
    (project.folder / RECORD).unlink()
    project.edit("scripts/heavytail/pruning/methods/wanda.py", "abs() * norm", "abs() + norm")
    said = status(project)
    assert "| uniform | 0.6 | seed-0 | done | stale |" in said
    assert "| gt | 0.6 | seed-0 | missing | stale |" in said
    assert "2 done, 2 stale, 1 missing, 0 running" in said
    assert "| evaluate_perplexity | 3 |" in said and "without a measured time" not in said


def test_a_job_at_work_is_seen(project):
    (project.folder / RECORD).unlink()
    project.edit("scripts/evaluate_perplexity.py", "import torch", f"{WAIT}    import torch")
    with project.started("--", RECORD) as run:
        wait_for(project.folder / "at-work")
        said = status(project)
        (project.folder / "go").touch()
        assert run.wait() == 0
    assert "| gt | 0.6 | seed-0 | running | stale |" in said
    assert "0 done, 4 stale, 0 missing, 1 running" in said
    assert "0 running" in status(project)


def test_a_run_is_watched_until_it_ends(project):
    (project.folder / RECORD).unlink()
    project.edit("scripts/evaluate_perplexity.py", "import torch", f"{WAIT}    import torch")
    with project.started("--", RECORD) as run:
        wait_for(project.folder / "at-work")
        log = project.folder / "results/logs/evaluate_perplexity/tiny/magnitude/0.6/gt/seed-0.log"
        log.write_text("2026-01-01 00:00:00,000 block 2 of 3, 0.5 s\n")
        command = [sys.executable, "scripts/status.py", "--watch"]
        with subprocess.Popen(
            command, cwd=project.folder, stdout=subprocess.PIPE, text=True
        ) as watcher:
            first = [watcher.stdout.readline() for _ in range(2)]
            (project.folder / "go").touch()
            rest = watcher.communicate(timeout=180)[0]
        assert run.wait() == 0 and watcher.returncode == 0
    assert first[0].startswith("cells: 0 done, 4 stale, 0 missing, 1 running; ")
    assert first[1] == "  at work: evaluate_perplexity tiny/magnitude/0.6/gt/seed-0 block 2 of 3\n"
    assert rest.splitlines()[-2].startswith("cells: 1 done, 4 stale, 0 missing, 0 running")
    assert rest.endswith("No run is under way.\n")


def refusal(project: Project, *arguments: str) -> str:
    command = [sys.executable, "scripts/status.py", *arguments]
    said = subprocess.run(command, cwd=project.folder, capture_output=True, text=True, check=False)
    assert said.returncode == 1 and not said.stdout, said.stdout
    return said.stderr


def test_what_shows_no_matrix_is_refused(project):
    assert "without --quiet" in refusal(project, "--quiet")
    assert "found the target write_summary, expected all" in refusal(project, "write_summary")


def test_what_a_killed_run_left_is_told(project):
    (project.folder / RECORD).unlink()
    project.edit("scripts/evaluate_perplexity.py", "import torch", f"{WAIT}    import torch")
    with project.started("--", RECORD):
        wait_for(project.folder / "at-work")
    assert status(project).endswith("a run was killed: ./run snakemake --unlock, then run again.")
    assert project.snakemake("--unlock").returncode == 0
    assert "0 running" in status(project)


def test_a_refused_config_is_told_as_a_run_tells_it(fresh):
    fresh.configure(methods=["wandas"])
    command = [sys.executable, "scripts/status.py"]
    said = subprocess.run(command, cwd=fresh.folder, capture_output=True, text=True, check=False)
    assert said.returncode != 0 and "did you mean 'wanda'?" in said.stderr
    assert "Traceback" not in said.stderr


def test_a_failed_run_ends_with_the_job_the_reason_and_the_log(fresh):
    fresh.configure(calibration=CONFIG["calibration"] | {"length": 80})
    log = "results/logs/freeze_calibration/tiny/seed-0.log"
    line = (
        "freeze_calibration tiny/seed-0: calibration.length: 80 exceeds the model's 64 positions "
        f"(log: {log})"
    )
    run = fresh.snakemake("--", "results/calibration/tiny/seed-0.safetensors")
    assert run.returncode != 0
    end = run.stdout.partition("Exiting because a job execution failed")[2]
    assert line in end.splitlines(), run.stdout
    assert (fresh.folder / log).read_text().endswith(f"{line}\n")


def test_a_quiet_run_tells_what_failed_but_not_what_worked_when_it_was_tried_again(fresh):
    fresh.configure(calibration=CONFIG["calibration"] | {"length": 80})
    fresh.edit("scripts/extract_python.py", "with logged(", f"{FAIL_ONCE}with logged(")
    target = "results/calibration/tiny/seed-0.safetensors"
    run = fresh.snakemake("--quiet", "progress", "rules", "--retries", "1", "--", target)
    assert run.returncode != 0 and (fresh.folder / "tried").exists()
    end = run.stdout.partition("Exiting because a job execution failed")[2].splitlines()[1:]
    assert [line.split(": ")[0] for line in end if "(log: " in line] == [
        "freeze_calibration tiny/seed-0"
    ], run.stdout
