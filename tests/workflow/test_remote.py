"""The workflow as a module of another one, fetched from a git repository and deployed from it."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support import project
from support.project import CONFIG, Project, copy_workflow

pytestmark = pytest.mark.slow
HUB = "https://github.com/owner/"
SMALL = {"methods": ["magnitude"], "allocations": {"gt": CONFIG["allocations"]["gt"]}, "tasks": []}


def git(folder: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=nobody", "-c", "user.email=nobody@localhost")
    subprocess.run(["git", "-C", folder, *identity, *arguments], check=True, capture_output=True)


@pytest.fixture
def deployed(tmp_path, monkeypatch) -> Project:
    """What snakedeploy makes of a tag; git finds the repository here instead of on its host."""
    if not shutil.which("git"):
        pytest.skip("no git here")
    if sys.version_info >= (3, 13):
        pytest.skip("snakedeploy 0.17.1 wants Python below 3.13")
    (tmp_path / "hosted").mkdir()
    source = copy_workflow(tmp_path / "hosted/heavytail")
    source.configure(**SMALL)
    (source.folder / "tiny").rename(tmp_path / "tiny")
    for command in (("init",), ("add", "-A"), ("commit", "-m", "all"), ("tag", "v1")):
        git(source.folder, *command)
    shutil.rmtree(source.folder / "scripts")
    redirected = {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.file://{tmp_path}/hosted/.insteadOf",
        "GIT_CONFIG_VALUE_0": HUB,
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
    }
    environment = project.ENVIRONMENT | redirected
    monkeypatch.setattr(project, "ENVIRONMENT", environment)
    folder = tmp_path / "user"
    tool = Path(sys.executable).with_name("snakedeploy")
    command = [tool, "deploy-workflow", f"{HUB}heavytail", folder, "--tag", "v1"]
    subprocess.run(command, check=True, capture_output=True, env=environment)
    (tmp_path / "tiny").rename(folder / "tiny")
    return Project(folder)


def test_a_deployed_workflow_runs_from_its_repository(deployed):
    declared = (deployed.folder / "workflow/Snakefile").read_text()
    assert 'github("owner/heavytail", path="Snakefile", tag="v1")' in declared
    assert not (deployed.folder / "scripts").exists()
    deployed.run()
    assert (deployed.folder / "results/perplexity/tiny/magnitude/0.6/gt/seed-0.json").exists()
    assert deployed.planned() == {}
    refused = deployed.folder / "config/config.yaml"
    refused.write_text(refused.read_text().replace("- magnitude\n", "- magnitudes\n"))
    run = deployed.snakemake("-n")
    assert run.returncode != 0 and "did you mean 'magnitude'?" in run.stdout


def test_a_local_clone_is_a_module_whose_rules_may_be_renamed(fresh, tmp_path):
    user = Project(tmp_path / "user")
    (user.folder / "config").mkdir(parents=True)
    user.configure(**SMALL)
    shutil.copytree(fresh.folder / "tiny", user.folder / "tiny")
    shutil.copytree(fresh.folder / "profiles", user.folder / "profiles")
    (user.folder / "Snakefile").write_text(
        f"""
configfile: "config/config.yaml"


module heavytail:
    snakefile:
        "{fresh.folder}/Snakefile"
    config:
        config


use rule * from heavytail as heavytail_*


rule own:
    default_target: True
    input:
        rules.heavytail_collect_cells.output,
"""
    )
    planned = user.planned()
    assert planned["heavytail_prune_cell"] == [
        "results/pruned/tiny/magnitude/0.6/gt/seed-0.safetensors"
    ]
    user.run("results/models/tiny/provenance.json")
