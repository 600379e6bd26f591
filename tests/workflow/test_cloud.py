"""The profile of clouds, as far as Snakemake reads it here: its plan, with another executor."""

import re

import yaml

from support.project import ROOT

PROFILE = "profiles/cloud/profile.v9+.yaml"


def plan(project, tmp_path, *arguments: str) -> str:
    """A dry run by the profile, with an executor and a store that are at hand."""
    done = project.snakemake(
        *("--workflow-profile", "profiles/cloud", "--executor", "slurm", "--dry-run"),
        *("--default-storage-provider", "fs", "--default-storage-prefix", str(tmp_path / "store")),
        *arguments,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def resources(said: str, rule: str) -> dict[str, str]:
    """What the first job of a rule asks for."""
    found = re.search(rf"rule {rule}:\n(?: +.*\n)*? +resources: (.*)", said)
    assert found, said
    return dict(re.findall(r"(\w+)=([^,\n]+)", found[1]))


def test_it_plans_the_matrix_with_memory_by_the_model_and_gpus_by_their_maker(fresh, tmp_path):
    asked = resources(plan(fresh, tmp_path), "prune_cell")
    # As on Slurm: 2,000 MB of libraries, and more than that for a model that has a size.
    assert int(asked["mem_mb"]) >= 2000 and int(asked["runtime"]) >= 30
    assert asked["gpu"] == "1" and asked["gpu_manufacturer"] == "nvidia"
    without = resources(plan(fresh, tmp_path, "--resources", "gpu=0"), "prune_cell")
    assert "gpu" not in without


def test_it_names_no_shared_folder_and_no_credentials():
    text = (ROOT / PROFILE).read_text()
    profile = yaml.safe_load(text)
    assert profile["default-storage-provider"] == "s3" and profile["shared-fs-usage"] == "none"
    assert not re.search(
        r"^[^#]*(access|secret|token|password)", text, re.MULTILINE | re.IGNORECASE
    )


def test_what_it_says_of_code_and_files_is_what_the_default_says():
    own, default = (
        yaml.safe_load((ROOT / f"profiles/{name}/profile.v9+.yaml").read_text())
        for name in ("cloud", "default")
    )
    for key in ("rerun-triggers", "max-checksum-file-size", "rerun-incomplete", "scheduler"):
        assert own[key] == default[key]
