"""The conda environments pin what pip pins, every import is pinned, no pin excludes a Python."""

import ast
import sys
from importlib import metadata
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from rattler import MatchSpec

ROOT = Path(__file__).parents[2]
CONDA = ("compute.yaml", "compute-cuda.yaml", "tables.yaml")
PIP = ("requirements.txt", "requirements-slurm.txt", "requirements-dev.txt")
# What `./run` takes.
PYTHONS = ("3.11", "3.12", "3.13")
PYTHON = PYTHONS[0]
CONDA_TO_PIP = {"pytorch": "torch", "matplotlib-base": "matplotlib"}
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


def conda_pins(name: str) -> dict[str, str]:
    """Conda's own packages and those of its pip section, under the names that pip knows."""
    found = {
        CONDA_TO_PIP.get(package, package): str(spec.version).removeprefix("==")
        for package, spec in conda_specs(name).items()
        if package not in ("python", "pip")
    }
    for part in yaml.safe_load((ROOT / "envs" / name).read_text())["dependencies"]:
        for pin in part["pip"] if isinstance(part, dict) else []:
            package, _, version = pin.partition("==")
            found[package.split("[")[0]] = version
    return found


def imported_packages(source: Path) -> set[str]:
    """Top-level packages that a file imports, the standard library and our own left out."""
    nodes = list(ast.walk(ast.parse(source.read_text())))
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module for node in nodes if isinstance(node, ast.ImportFrom)}
    packages = {name.split(".")[0] for name in names} - sys.stdlib_module_names - {"heavytail"}
    return {IMPORT_TO_PIP.get(package, package) for package in packages}


@pytest.mark.parametrize("name", CONDA)
def test_a_conda_environment_pins_what_pip_pins(name):
    pins = conda_pins(name)
    assert pins == {package: pip_pins("requirements.txt").get(package) for package in pins}
    assert str(conda_specs(name)["python"].version) == f"{PYTHON}.*"


@pytest.mark.parametrize("name", CONDA)
def test_a_conda_environment_uses_conda_forge_alone(name):
    channels = yaml.safe_load((ROOT / "envs" / name).read_text())["channels"]
    assert channels == ["conda-forge", "nodefaults"]


def test_the_cuda_variant_differs_in_the_build_of_pytorch_alone():
    cpu, cuda = (conda_specs(name) for name in ("compute.yaml", "compute-cuda.yaml"))
    assert conda_pins("compute.yaml") == conda_pins("compute-cuda.yaml")
    assert (str(cpu["pytorch"].build), str(cuda["pytorch"].build)) == ("cpu_*", "cuda*")
    assert {name for name in cpu if str(cpu[name]) != str(cuda[name])} == {"pytorch"}


def test_the_container_installs_what_pip_pins():
    lines = (ROOT / "envs/Dockerfile").read_text().splitlines()
    steps = [line.split(maxsplit=1) for line in lines if line and line[0] not in "# "]
    found = {keyword: arguments for keyword, arguments in steps}
    assert found["FROM"] == f"python:{PYTHON}-slim"
    source, target = found["COPY"].split()
    assert source == "requirements.txt" and pip_pins(source)["snakemake"]
    assert found["RUN"].endswith(f"pip install --no-cache-dir --requirement {target}")
    assert found["ENTRYPOINT"] == '["snakemake"]'


@pytest.mark.parametrize("name", PIP)
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
    assert used - PARSE_TIME <= set(conda_pins("compute.yaml")) | set(conda_pins("tables.yaml"))
