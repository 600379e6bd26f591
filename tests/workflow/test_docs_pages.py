"""The pages of docs/ on how to add something: every step works as it stands there."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from heavytail.config.tasks import TASKS
from heavytail.config.texts import TEXTS
from support import project
from support.data_sets import publish, publish_task, publish_text
from support.project import ROOT, Project, copy_parts

pytestmark = pytest.mark.slow
# What a step does is said in the paragraph before its block.
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
WRITE = re.compile(r"Write `([^`]+)`:$")
ADD = re.compile(r"Add to `([^`]+)`, (below|above) the line that begins with (`+)(.+?)\3:$")
# ./run's words → what runs here, where the environment is there already.
COMMANDS = {
    "results": (*project.SNAKEMAKE,),
    "snakemake": (sys.executable, "-m", "snakemake"),
    "test": (sys.executable, "-m", "pytest", "-n0", "-p", "no:cacheprovider"),
    "python": (sys.executable,),
}
COPA = {"premise": "It rained.", "choice1": "It was wet.", "choice2": "It was dry."}


def news(hub, folder: Path) -> None:
    files = {"file": "realnewslike/c4-train.00000-of-00512.json.gz"}
    publish_text(hub, folder, {"hub": "allenai/c4", "revision": TEXTS["c4"].revision} | files)


def copa(hub, folder: Path) -> None:
    rows = [COPA | {"question": "effect", "idx": number, "label": 0} for number in range(2)]
    publish(hub, folder)
    publish_task(hub, folder, TASKS["boolq"].revision, "aps/super_glue", "copa", "validation", rows)


# Page → what the hub must have, and files that the last step leaves with what stands in them.
PAGES: dict[str, tuple[Callable | None, dict[str, str]]] = {
    "add-a-method": (None, {"results/tables/standin.md": "| nowag "}),
    "add-an-allocator": (None, {"results/tables/standin-ratios.md": " wide |"}),
    "add-a-metric": (None, {"results/tables/standin-ratios.md": " gini |"}),
    "add-a-family": (None, {"results/perplexity/tiny/wanda/0.7/gt/seed-0.json": '"perplexity"'}),
    "add-a-text": (news, {"results/data/news/calibration.jsonl": "realnewslike/c4-train"}),
    "add-a-task": (
        copa,
        {
            "results/data/tasks/copa.jsonl": "It rained.",
            "results/zero_shot/standin/dense.json": '"python_return"',
        },
    ),
}


def run(folder: Path, line: str) -> None:
    """Do what a line of a console block does."""
    words = shlex.split(line)
    settings = dict(word.split("=", 1) for word in words[: words.index("./run")])
    command = [*COMMANDS[words[words.index("./run") + 1]], *words[words.index("./run") + 2 :]]
    if settings:
        settings["PYTHONPATH"] = os.pathsep.join(("scripts", settings.get("PYTHONPATH", "")))
    done = subprocess.run(
        command,
        cwd=folder,
        env=project.ENVIRONMENT | settings,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    assert done.returncode == 0, f"{line}\n{done.stdout}"


def insert(path: Path, below: bool, beginning: str, code: str) -> None:
    """Put a block's lines into a file, beside the only line that begins so."""
    lines = path.read_text().splitlines(keepends=True)
    (place,) = (n for n, line in enumerate(lines) if line.startswith(beginning))
    lines.insert(place + below, code)
    path.write_text("".join(lines))


def step(folder: Path, told: str, language: str, code: str) -> None:
    """Do what one block of a page says."""
    if language == "console":
        for line in code.splitlines():
            run(folder, line)
    elif written := WRITE.search(told):
        path = folder / written.group(1)
        assert not path.exists()
        path.write_text(code)
    else:
        file, where, _, beginning = ADD.search(told).groups()
        insert(folder / file, where == "below", beginning, code)


@pytest.mark.parametrize("page", PAGES)
def test_every_step_of_a_page_works(page, request, tmp_path):
    served, left = PAGES[page]
    if served:
        served(request.getfixturevalue("hub"), tmp_path / "hub")
    folder = tmp_path / "copy"
    copy_parts(
        folder,
        "tests",
        "resources/standin",
        "resources/alphas",
        "resources/anchors",
        "pyproject.toml",
    )
    text = (ROOT / f"docs/{page}.md").read_text()
    for block in BLOCK.finditer(text):
        told = text[: block.start()].rstrip().split("\n\n")[-1]
        if block.group(1) != "text":
            step(folder, told, *block.groups())
    for file, content in left.items():
        assert content in (folder / file).read_text()
    for check in (("check",), ("format", "--check")):
        command = [sys.executable, "-m", "ruff", *check, "scripts", "tests"]
        subprocess.run(command, cwd=folder, check=True)
    assert Project(folder).snakemake("--dry-run").returncode == 0


def test_no_page_is_left_out():
    assert set(PAGES) == {path.stem for path in (ROOT / "docs").glob("add-*.md")}
