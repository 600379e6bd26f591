"""The conda environments pin what pip pins, and every import is pinned."""

import ast
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
CONDA_TO_PIP = {"pytorch": "torch"}
IMPORT_TO_PIP = {"yaml": "pyyaml"}
# Read by Snakemake itself while it parses the workflow, never by a job.
PARSE_TIME = {"jsonschema"}


def pip_pins(name: str) -> dict[str, str]:
    """Requirement without extras → exact version."""
    lines = (ROOT / "envs" / name).read_text().splitlines()
    pairs = [line.split("==") for line in lines if "==" in line and not line.startswith("#")]
    return {package.split("[")[0]: version for package, version in pairs}


def conda_pins(name: str) -> dict[str, str]:
    """Conda's own packages and those of its pip section, under the names that pip knows."""
    found = {}
    for dependency in yaml.safe_load((ROOT / "envs" / name).read_text())["dependencies"]:
        pins = dependency["pip"] if isinstance(dependency, dict) else [dependency]
        for package, _, version in (pin.replace("==", "=").partition("=") for pin in pins):
            package = package.split("[")[0]
            found[CONDA_TO_PIP.get(package, package)] = version
    return found


def imported_packages(source: Path) -> set[str]:
    """Top-level packages that a file imports, the standard library and our own left out."""
    nodes = list(ast.walk(ast.parse(source.read_text())))
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module for node in nodes if isinstance(node, ast.ImportFrom)}
    packages = {name.split(".")[0] for name in names} - sys.stdlib_module_names - {"heavytail"}
    return {IMPORT_TO_PIP.get(package, package) for package in packages}


@pytest.mark.parametrize("name", ["compute.yaml", "tables.yaml"])
def test_a_conda_environment_pins_what_pip_pins(name):
    pins = conda_pins(name)
    assert pins.pop("python")
    pins.pop("pip", None)
    assert pins == {package: pip_pins("requirements.txt").get(package) for package in pins}


@pytest.mark.parametrize("name", ["compute.yaml", "tables.yaml"])
def test_a_conda_environment_uses_conda_forge_alone(name):
    channels = yaml.safe_load((ROOT / "envs" / name).read_text())["channels"]
    assert channels == ["conda-forge", "nodefaults"]


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_every_requirement_is_pinned(name):
    lines = (ROOT / "envs" / name).read_text().splitlines()
    loose = [line for line in lines if line and "==" not in line and line[0] not in "#-"]
    assert loose == (["packaging<26"] if name == "requirements.txt" else [])


def test_every_import_of_the_scripts_is_pinned():
    used = set().union(*map(imported_packages, (ROOT / "scripts").rglob("*.py")))
    assert used <= set(pip_pins("requirements.txt"))
    assert used - PARSE_TIME <= set(conda_pins("compute.yaml")) | set(conda_pins("tables.yaml"))
