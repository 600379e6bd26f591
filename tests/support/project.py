"""A copy of the workflow with a small matrix that has really been run once."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import yaml

from support.tiny_model import save_model

ROOT = Path(__file__).parents[2]
SNAKEMAKE = (sys.executable, "-m", "snakemake", "--cores", "2")
ENVIRONMENT = os.environ | {"PYTHONPATH": ""}
PARTS = ("Snakefile", "rules", "scripts", "config", "envs", "profiles", "resources/reference")
CONFIG = {
    "models": {"tiny": {"path": "tiny"}},
    "methods": ["magnitude", "wanda"],
    "allocations": {
        "uniform": {"allocator": "uniform"},
        "gt": {"grouping": "gt", "epsilon": {"magnitude": 0.1, "wanda": 0.1}},
    },
    "sparsity": [0.6],
    "calibration": {"dataset": "python", "samples": 8, "length": 32},
    "evaluation": {"dataset": "python", "length": 32, "windows": 8},
    "tasks": ["python_attribute"],
}

# Scripts that take no seconds to import what computes: numbers that differ from subject to subject.
STAND_INS = {
    "prune_cell": """
from pathlib import Path

for file in snakemake.output:
    Path(file).write_text('{"realised_sparsity": 0.5}')
""",
    "evaluate_perplexity": """
import json
from pathlib import Path
from zlib import crc32

subject = Path(snakemake.input.model).read_text() + snakemake.output.record
share = crc32(subject.encode()) / 2**32
made_up = dict.fromkeys(("dataset", "source", "revision", "bos"), "made up")
made_up |= {"model": {"source": "made up", "revision": None}}
made_up |= {"perplexity": 5 + share, "losses": [share + n for n in range(8)]}
Path(snakemake.output.record).write_text(json.dumps(made_up | {"windows": 8, "length": 32}))
""",
}

# Put at the package's beginning: every program that imports torch says so.
WITNESS = """
import os
import sys


class Witness:
    def find_spec(self, name, path=None, target=None):
        if name == "torch":
            with open(os.environ["WITNESSED"], "a") as seen:
                print(sys.argv[0], file=seen)


sys.meta_path.insert(0, Witness())
if "torch" in sys.modules:
    Witness().find_spec("torch")
"""


class Project:
    """A folder with the workflow and its results."""

    def __init__(self, folder: Path):
        self.folder = folder

    def copied(self, folder: Path) -> "Project":
        """A copy in a new folder, times, links and records included."""
        # With hard links, which are how the store says what is in use.
        subprocess.run(["cp", "-a", self.folder, folder], check=True)
        return Project(folder)

    def snakemake(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess:
        """Run Snakemake in the folder; stdout and stderr come together in stdout."""
        return subprocess.run(
            [*SNAKEMAKE, *arguments],
            cwd=self.folder,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=ENVIRONMENT | environment,
            check=False,
        )

    def computing(self, *targets: str) -> set[str]:
        """Make the targets, or everything; returns the rules whose jobs imported torch."""
        package, seen = self.folder / "scripts/heavytail/__init__.py", self.folder / "seen"
        package.write_text(WITNESS)
        seen.write_text("")
        run = self.snakemake("--", *targets, WITNESSED=str(seen))
        package.write_text("")
        assert run.returncode == 0, run.stdout
        scripts = (Path(line).stem for line in seen.read_text().splitlines())
        # Snakemake runs a copy of a script, under a name of its own before that of the rule.
        return {name.rpartition(".")[2] for name in scripts}

    @contextmanager
    def started(self, *arguments: str) -> Iterator[subprocess.Popen]:
        """Snakemake at work in a session of its own, of which nothing survives the block."""
        with subprocess.Popen(
            [*SNAKEMAKE, *arguments],
            cwd=self.folder,
            text=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=ENVIRONMENT,
            start_new_session=True,
        ) as process:
            try:
                yield process
            finally:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)

    def run(self, *targets: str) -> None:
        """Make the targets, or everything; fails the test with the output if that does not work."""
        done = self.snakemake("--", *targets)
        assert done.returncode == 0, done.stdout

    def planned(self) -> dict[str, list[str]]:
        """Rule → the first output of each of its jobs that a run would execute."""
        plan = self.snakemake("--dry-run")
        assert plan.returncode == 0, plan.stdout
        found: dict[str, list[str]] = {}
        for rule, body in re.findall(
            r"(?:local)?(?:rule|checkpoint) (\w+):\n((?: {4}.*\n)*)", plan.stdout
        ):
            output = re.search(r"output: ([^,\n]+)", body)
            found.setdefault(rule, []).append(output.group(1) if output else "")
        found.pop("all", None)
        return {rule: sorted(outputs) for rule, outputs in found.items()}

    def configure(self, **changes) -> None:
        """Write the config with these top-level keys changed."""
        text = yaml.safe_dump(CONFIG | changes, sort_keys=False)
        (self.folder / "config" / "config.yaml").write_text(text)

    def edit(self, file: str, old: str, new: str) -> None:
        """Replace `old`, which must be there, in a file."""
        path = self.folder / file
        text = path.read_text()
        assert old in text, f"{file} has no {old!r}"
        path.write_text(text.replace(old, new))

    def stand_in(self, *rules: str) -> None:
        """Replace the scripts of these rules, where what they compute is not the point."""
        for rule in rules:
            (self.folder / f"scripts/{rule}.py").write_text(STAND_INS[rule])


def wait_for(path: Path, seconds: float = 180) -> None:
    """Wait until there is such a file; fails the test when it takes too long."""
    end = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < end, f"no {path} after {seconds} s"
        time.sleep(0.05)


def copy_parts(folder: Path, *more: str) -> None:
    """The workflow's own files, and more of the repository, in a new folder."""
    folder.mkdir()
    for part in (*PARTS, *more):
        place = ROOT / part
        ignore = shutil.ignore_patterns("__pycache__")
        if place.is_dir():
            shutil.copytree(place, folder / part, ignore=ignore)
        else:
            shutil.copy2(place, folder / part)


def copy_workflow(folder: Path) -> Project:
    """The workflow's own files in a new folder, with a tiny random model and the small matrix."""
    copy_parts(folder)
    save_model(folder / "tiny")
    project = Project(folder)
    project.configure()
    return project
