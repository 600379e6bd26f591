"""The conda environments pin what pip pins, every import is pinned, no pin excludes a Python."""

import ast
import os
import re
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from rattler import MatchSpec

ROOT = Path(__file__).parents[2]
CONDA = ("compute.yaml", "tables.yaml")
PIP = (
    "requirements.txt",
    "requirements-slurm.txt",
    "requirements-storage.txt",
    "requirements-dev.txt",
)
# Not installed for the tests: every Snakemake would import the plugins.
CLOUD = "requirements-cloud.txt"
# What `./run` takes.
PYTHONS = ("3.11", "3.12", "3.13")
PYTHON = PYTHONS[0]
IMPORT_TO_PIP = {
    **{"yaml": "pyyaml", "vl_convert": "vl-convert-python"},
    "sklearn": "scikit-learn",
}
# Read by Snakemake itself while it parses the workflow, or by `./run status`, never by a job.
PARSE_TIME = {"jsonschema", "rich", "snakemake"}


def requirements(name: str) -> list[Requirement]:
    """The lines of a file of pip's, those that include another file left out."""
    lines = (ROOT / "envs" / name).read_text().splitlines()
    return [Requirement(line) for line in lines if line and line[0] not in "#-"]


def pip_pins(name: str) -> dict[str, str]:
    """Requirement without extras → exact version."""
    pinned = {found.name: str(found.specifier) for found in requirements(name)}
    return {name: exact.removeprefix("==") for name, exact in pinned.items() if "==" in exact}


def conda_specs(name: str) -> dict[str, MatchSpec]:
    """Package → what is asked of conda itself, parsed strictly."""
    found = yaml.safe_load((ROOT / "envs" / name).read_text())["dependencies"]
    specs = [MatchSpec(text, strict=True) for text in found if isinstance(text, str)]
    return {spec.name.normalized: spec for spec in specs}


def conda_pins(name: str) -> list[str]:
    """What conda lets pip install."""
    (part,) = (
        part
        for part in yaml.safe_load((ROOT / "envs" / name).read_text())["dependencies"]
        if isinstance(part, dict)
    )
    return part["pip"]


def imported_packages(source: Path) -> set[str]:
    """Top-level packages that a file imports, the standard library and our own left out."""
    nodes = list(ast.walk(ast.parse(source.read_text())))
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module for node in nodes if isinstance(node, ast.ImportFrom)}
    packages = {name.split(".")[0] for name in names} - sys.stdlib_module_names - {"heavytail"}
    return {IMPORT_TO_PIP.get(package, package) for package in packages}


@pytest.mark.parametrize("name", CONDA)
def test_a_conda_environment_has_python_from_conda_and_all_else_as_pip_pins_it(name):
    """Pins that conda itself had to solve could not be held to those that the tests run with."""
    pinned = {str(found) for found in requirements("requirements.txt")}
    assert set(conda_pins(name)) <= pinned
    specs = conda_specs(name)
    assert set(specs) == {"python", "pip"}
    assert str(specs["python"].version) == f"{PYTHON}.*"


@pytest.mark.parametrize("name", CONDA)
def test_a_conda_environment_uses_conda_forge_alone(name):
    channels = yaml.safe_load((ROOT / "envs" / name).read_text())["channels"]
    assert channels == ["conda-forge", "nodefaults"]


def steps_of_the_container() -> list[tuple[str, str]]:
    """The keyword and the arguments of every step."""
    lines = (ROOT / "envs/Dockerfile").read_text().splitlines()
    steps = (line.split(maxsplit=1) for line in lines if line and line[0] not in "# ")
    return [(keyword, arguments) for keyword, arguments in steps]


def test_the_container_installs_what_pip_pins():
    steps = steps_of_the_container()
    assert steps[0] == ("FROM", f"python:{PYTHON}-slim")
    (copied,) = (arguments for keyword, arguments in steps if keyword == "COPY")
    *sources, target = copied.split()
    assert sources == ["requirements.txt", "requirements-storage.txt"]
    assert pip_pins(sources[0])["snakemake"] and pip_pins(sources[1])["snakemake-storage-plugin-s3"]
    assert "-r requirements.txt" in (ROOT / "envs" / sources[1]).read_text().splitlines()
    install = f"python -m pip install --no-cache-dir --requirement {target}{sources[1]}"
    assert ("RUN", install) in steps
    assert steps[-1] == ("CMD", '["snakemake", "--cores", "all"]')
    assert "ENTRYPOINT" not in dict(steps)


def test_the_container_keeps_the_storage_plugins_for_jobs_that_install_them_again(tmp_path):
    """The step runs here without the network: what it names is what is to be downloaded."""
    steps = steps_of_the_container()
    (run,) = (a for keyword, a in steps if keyword == "RUN" and "pip download" in a)
    shutil.copy(ROOT / "envs/requirements-storage.txt", tmp_path)
    select, _, download = run.replace("/opt/heavytail", str(tmp_path)).partition(" && ")
    subprocess.run(["sh", "-c", select], check=True)
    chosen = (tmp_path / "plugins.txt").read_text().split()
    assert {pin.partition("==")[0] for pin in chosen} == set(pip_pins("requirements-storage.txt"))
    google = "boto3==1.33.11 urllib3==1.26.17"
    files = f"--dest {tmp_path}/plugins --requirement {tmp_path}/plugins.txt"
    assert download.endswith(f"{files} {google}")
    (settings,) = (a for keyword, a in steps if keyword == "ENV" and "PIP_" in a)
    assert settings == "PIP_NO_INDEX=1 PIP_NO_DEPS=1 PIP_FIND_LINKS=/opt/heavytail/plugins"


@pytest.mark.parametrize("name", (*PIP, CLOUD))
def test_every_requirement_is_pinned(name):
    loose = [str(found) for found in requirements(name) if found.name not in pip_pins(name)]
    assert loose == (["packaging<26"] if name == "requirements.txt" else [])


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("name", PIP)
def test_no_pin_excludes_a_supported_python(name, python):
    """As the installed packages say themselves; a marker leaves a package out of some Pythons."""
    asked = {"python_version": python, "python_full_version": f"{python}.0"}
    for pin in requirements(name):
        if not pin.marker or (pin.marker.evaluate(asked) and pin.marker.evaluate()):
            found = metadata.distribution(pin.name)
            assert pin.specifier.contains(found.version), f"{pin}: {found.version} is installed"
            admitted = SpecifierSet(found.metadata["Requires-Python"] or "")
            assert admitted.contains(f"{python}.0"), f"{pin} wants Python {admitted}"


def test_developers_tools_alone_may_be_left_out_of_some_pythons():
    """What the tests use is skipped there; without the others no result is made."""
    assert not [str(pin) for name in PIP[:2] for pin in requirements(name) if pin.marker]


def test_every_import_of_the_scripts_is_pinned():
    used = set().union(*map(imported_packages, (ROOT / "scripts").rglob("*.py")))
    assert used <= set(pip_pins("requirements.txt"))
    installed = {Requirement(pin).name for name in CONDA for pin in conda_pins(name)}
    assert used - PARSE_TIME <= installed


def jobs_of(environment: str) -> set[Path]:
    """The scripts of the rules that name an environment."""
    text = "\n".join(path.read_text() for path in (ROOT / "rules").glob("*.smk"))
    found = set()
    for rule in re.split(r"^ *rule ", text, flags=re.MULTILINE):
        script = re.search(r"\.\./scripts/(\w+\.py)", rule)
        if script and f"../envs/{environment}" in rule:
            found.add(ROOT / "scripts" / script[1])
    return found


def brought(pins: list[str]) -> set[str]:
    """The distributions that pip installs for some pins, by their normalised names."""
    found, left = set(), [Requirement(pin) for pin in pins]
    while left:
        asked = left.pop()
        name = canonicalize_name(asked.name)
        if name not in found:
            found.add(name)
            for text in metadata.requires(name) or []:
                needed = Requirement(text)
                extras = [{"extra": extra} for extra in ["", *asked.extras]]
                if not needed.marker or any(map(needed.marker.evaluate, extras)):
                    left.append(needed)
    return found


@pytest.mark.parametrize("name", CONDA)
def test_the_jobs_of_an_environment_import_nothing_that_it_lacks(name):
    """What the scripts import of this package, in a process that lacks the other packages."""
    there = brought(conda_pins(name))
    lacking = {
        module
        for module, owners in metadata.packages_distributions().items()
        if not {canonicalize_name(owner) for owner in owners} & there
    }
    sources = sorted(jobs_of(name))
    modules = {
        m
        for source in sources
        for m in re.findall(r"(?:from|import) (heavytail[.\w]*)", source.read_text())
    }
    code = f"import sys; sys.modules.update(dict.fromkeys({sorted(lacking)}))\n"
    code += f"import {', '.join(sorted(modules))}"
    ended = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": str(ROOT / "scripts")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert sources and ended.returncode == 0, ended.stderr
