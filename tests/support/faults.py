"""Kill random jobs of a run at random moments, rerun, and compare with an undisturbed run.

The whole default matrix, 20 kills:

    PYTHONPATH=scripts:tests ./run python tests/support/faults.py FOLDER --kills 20

FOLDER/undisturbed gets a run without kills, unless it is there, and FOLDER/killed one with them.
"""

import argparse
import json
import os
import random
import shutil
import signal
import time
from contextlib import suppress
from pathlib import Path
from subprocess import Popen

import pandas as pd
import psutil

from heavytail.io.files import sha256
from support.project import Project, copy_parts

# How long a job took is no result, nor whether it went on with an earlier one's blocks.
TIMES = ["seconds", "peak_memory_mb"]
COURSE = ("logs", "benchmarks", "store")
# Remembers when files were changed.
CHECKSUMS = "models/checksums.json"
# It says how long jobs took.
PAGE = "report/index.html"


def results(project: Project) -> dict[str, object]:
    """Path below results → what must be the same in every run that came to its end."""
    folder, found = project.folder / "results", {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = path.relative_to(folder)
        if name.parts[0] in COURSE or str(name) in (CHECKSUMS, PAGE):
            continue
        if name.parts[0] == "pruned" and path.suffix == ".json":
            record = json.loads(path.read_text())
            found[str(name)] = {k: v for k, v in record.items() if k not in (*TIMES, "resumed")}
        elif str(name) == "tables/cells.csv":
            found[str(name)] = pd.read_csv(path).drop(columns=TIMES).to_csv()
        else:
            found[str(name)] = sha256(path)
    return found


def jobs_of(run: Popen) -> list[psutil.Process]:
    """The processes at the root of each job that a Snakemake has started."""
    with suppress(psutil.NoSuchProcess):
        return [
            child
            for child in psutil.Process(run.pid).children()
            if ".snakemake/scripts" in " ".join(child.cmdline())
        ]
    return []


def kill(process: psutil.Process) -> str:
    """SIGKILL a job's processes; its script, or nothing where it came to its end first."""
    with suppress(psutil.NoSuchProcess):
        script = process.cmdline()[-1].rpartition("/")[2].split(".", 1)[-1]
        tree = [process, *process.children(recursive=True)]
        for member in tree:
            with suppress(psutil.NoSuchProcess):
                member.kill()
        return script
    return ""


def disturb(project: Project, chance: random.Random, seconds: float, itself: bool) -> str:
    """Run until a random moment, then kill a random job, or Snakemake itself; what was killed.

    Args:
        project: whose matrix is run.
        chance: draws the moment and the job.
        seconds: the moment is at most so long after the first job was begun.
        itself: kill Snakemake alone: its jobs go on, as orphans.
    """
    with project.started() as run:
        while run.poll() is None and not jobs_of(run):
            time.sleep(0.02)
        time.sleep(chance.uniform(0, seconds))
        while run.poll() is None:
            jobs = jobs_of(run)
            if itself:
                os.kill(run.pid, signal.SIGKILL)
                run.wait()
                return "Snakemake"
            if jobs and (script := kill(chance.choice(jobs))):
                run.wait()
                return script
            time.sleep(0.02)
    return ""


def survive(project: Project, kills: int, seed: int, seconds: float) -> list[str]:
    """Kill so often, every fourth time Snakemake itself, then finish; what was killed.

    A matrix that comes to its end before all kills are done begins anew.
    """
    chance, killed = random.Random(seed), []
    while len(killed) < kills:
        what = disturb(project, chance, seconds, len(killed) % 4 == 3)
        if what == "Snakemake":
            unlocked = project.snakemake("--unlock")
            assert unlocked.returncode == 0, unlocked.stdout
        if what:
            killed.append(what)
        else:
            shutil.rmtree(project.folder / "results")
    project.run()
    assert project.planned() == {}
    return killed


def main() -> None:
    """Run the default matrix with and without kills and say how it went."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=20, help="at most, from start to kill")
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    runs = {}
    for name in ("undisturbed", "killed"):
        shutil.rmtree(asked.folder / "killed", ignore_errors=True)
        runs[name] = Project(asked.folder / name)
        if not runs[name].folder.exists():
            copy_parts(runs[name].folder, "resources/standin")
    runs["undisturbed"].run()
    killed = survive(runs["killed"], asked.kills, asked.seed, asked.seconds)
    expected, found = results(runs["undisturbed"]), results(runs["killed"])
    different = sorted(name for name in expected | found if expected.get(name) != found.get(name))
    print(f"{len(killed)} killed: {', '.join(killed)}")
    print(f"{len(found)} files, different from the undisturbed run: {different or 'none'}")
    raise SystemExit(bool(different))


if __name__ == "__main__":
    main()
