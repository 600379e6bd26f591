"""The launcher: which Python it takes, when it installs, what it says."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

RUN = Path(__file__).parents[2] / "run"
TOOLS = ("cat", "cksum", "dirname", "flock", "readlink", "rm", "sed", "sh")
# Runs what `-c` names as a Python of another release would, and makes no environment.
OF_RELEASE = f"""#!/bin/sh
exec {sys.executable} -c '
import sys
sys.version_info, sys._base_executable = (3, %d, 0), "/bin/false"
exec(sys.argv[2])' "$@"
"""
OLD, NEW = OF_RELEASE % 10, OF_RELEASE % 14
# Runs what `-c` names as a Python would that Debian ships without its venv package.
WITHOUT_ENSUREPIP = f"""#!/bin/sh
exec {sys.executable} -c 'import sys; sys.modules["ensurepip"] = None; exec(sys.argv[2])' "$@"
"""


@pytest.fixture
def project(tmp_path) -> Path:
    """A project of the launcher alone, with requirements that install without a network."""
    shutil.copy(RUN, tmp_path / "run")
    (tmp_path / "envs").mkdir()
    (tmp_path / "envs/requirements.txt").write_text("# nothing\n")
    for name in ("slurm", "dev"):
        (tmp_path / f"envs/requirements-{name}.txt").write_text("-r requirements.txt\n")
    return tmp_path


def launch(project: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess:
    """Run the launcher from elsewhere."""
    return subprocess.run(
        [project / "run", *arguments],
        cwd="/",
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )


def path_with(folder: Path, **pythons: str) -> str:
    """A PATH of the tools that the launcher needs and the given fake interpreters."""
    folder.mkdir()
    for tool in TOOLS:
        if found := shutil.which(tool):
            (folder / tool).symlink_to(found)
    for name, script in pythons.items():
        (folder / name).write_text(script)
        (folder / name).chmod(0o755)
    return str(folder)


@pytest.mark.parametrize("shell", ["sh", "dash", "bash"])
def test_every_shell_reads_it(shell):
    if not shutil.which(shell):
        pytest.skip(f"no {shell} here")
    subprocess.run([shell, "-n", RUN], check=True)


def test_shellcheck_finds_nothing():
    if not shutil.which("shellcheck"):
        pytest.skip("no shellcheck here")
    subprocess.run(["shellcheck", RUN], check=True)


@pytest.mark.parametrize(
    ("pythons", "lacking"),
    [
        ({}, ""),
        ({"python3": OLD}, ""),
        (
            {"python3": NEW, "python3.12": OLD},
            " (python3 is newer: immutables, which Snakemake needs, has no wheel for it)",
        ),
        (
            {"python3.14": NEW},
            " (python3.14 is newer: immutables, which Snakemake needs, has no wheel for it)",
        ),
    ],
)
def test_without_a_supported_python_it_says_so(project, pythons, lacking):
    ended = launch(project, "results", PATH=path_with(project / "bin", **pythons), PYTHON="")
    assert ended.returncode == 1
    assert ended.stderr == (
        f"run: no Python 3.11, 3.12 or 3.13 found{lacking}: install one, or name it: "
        "PYTHON=/path/to/python3 ./run\n"
    )


@pytest.mark.parametrize("release", [11, 12, 13])
@pytest.mark.parametrize("first", [OLD, NEW])
def test_a_supported_python_goes_before_others(project, first, release):
    pythons = {"python3": first, "python3.14": NEW, f"python3.{release}": OF_RELEASE % release}
    ended = launch(project, "results", PATH=path_with(project / "bin", **pythons), PYTHON="")
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"run: setting up .venv with Python 3.{release} ")


def test_without_ensurepip_it_names_the_package(project):
    path = path_with(project / "bin", python3=WITHOUT_ENSUREPIP)
    ended = launch(project, "results", PATH=path, PYTHON="")
    assert ended.returncode == 1
    assert ended.stderr == "run: python3 cannot make environments: apt install python3-venv\n"


@pytest.mark.parametrize("arguments", [(), ("--help",)])
def test_help_comes_without_an_environment(project, arguments):
    ended = launch(project, *arguments, PATH=path_with(project / "bin"))
    assert ended.returncode == 0
    assert "./run results [ARGUMENTS]" in ended.stdout
    assert not (project / ".venv").exists()


@pytest.mark.slow
def test_it_installs_once_and_again_after_a_change(project):
    asked = ("python", "-c", "import sys; print(sys.prefix)")
    path = path_with(project / "bin", python3=OLD)
    fresh = {"PATH": path, "PYTHON": sys.executable}

    # Half made, as an interrupted set-up leaves it.
    (project / ".venv/bin").mkdir(parents=True)
    first = launch(project, *asked, **fresh)
    assert first.stdout.strip() == str(project / ".venv")
    assert first.stderr.startswith("run: setting up .venv with Python 3.")
    (project / "elsewhere").symlink_to("run")
    inside = {"PATH": f"{project}/.venv/bin:{path}", "PYTHON": ""}
    again = subprocess.run([project / "elsewhere", *asked], env=inside, capture_output=True)
    assert again.stderr == b""

    requirements = project / "envs/requirements.txt"
    requirements.write_text("./no-such-package\n")
    assert launch(project, *asked, **fresh).returncode != 0
    assert launch(project, *asked, **fresh).stderr.startswith("run: installing envs/requirements")
    requirements.write_text("# something else\n")
    assert launch(project, *asked, **fresh).stderr.startswith("run: installing envs/requirements")
    assert launch(project, *asked, **fresh).stderr == ""

    missing = launch(project, "ruff-of-developers", **fresh)
    assert missing.returncode == 1
    assert missing.stderr == (
        "run: no command 'ruff-of-developers' (developers' tools come with ./run test)\n"
    )
