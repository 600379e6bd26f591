"""Mistakes of allocations that are told before any job, and what is left to jobs."""

import json
import math
import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml
from safetensors.torch import load_file, save_file

from heavytail.allocation.foreseen import check_local_models, sizes_of
from heavytail.config.families import FAMILIES
from heavytail.config.mistakes import SettingsError
from heavytail.config.settings import checked
from heavytail.models.checkpoint import Checkpoint
from support.bad_alphas import saved
from support.bad_given import GIVEN, UNREACHABLE
from support.bad_inputs import matches
from support.bad_settings import HUB
from support.project import ROOT
from support.tiny_model import save_model

SCHEMA = yaml.safe_load((ROOT / "config/schema.yaml").read_text())
LOCAL = {"path": "m"}


@pytest.fixture
def folder(model_folder, tmp_path, monkeypatch) -> Path:
    """The working directory, with the tiny model as `m`."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(model_folder, "m")
    return tmp_path


def said(config: dict, model: dict) -> str | None:
    """What is said of a config before any job."""
    try:
        check_local_models(checked({"models": {"a": model}} | config, SCHEMA, [Path()]))
    except SettingsError as error:
        return str(error)
    return None


def given(name: str, content: str | bytes, model: dict, **changes) -> str | None:
    """What is said of an allocation x by a file."""
    Path(name).write_bytes(content.encode() if isinstance(content, str) else content)
    own = {"allocator": "given", "file": name} | changes
    return said({"allocations": {"x": own}}, model)


def change_settings(**changes) -> None:
    settings = json.loads(Path("m/config.json").read_text())
    Path("m/config.json").write_text(json.dumps(settings | changes))


@pytest.mark.parametrize(
    ("name", "content", "line"), [case[1:] for case in GIVEN], ids=[case[0] for case in GIVEN]
)
def test_bad_ratios_of_a_file_get_one_line(name, content, line, folder):
    found = given(name, content, LOCAL)
    assert found and matches(found, f"allocations.x.{line}"), found
    assert "\n" not in found and not Path("executed").exists()
    # What the file alone shows is said of any model.
    by_model = "models.a" in line
    assert (given(name, content, HUB) is None) == by_model


def test_a_sparsity_that_er_plus_cannot_reach_gets_one_line(folder):
    config, line = UNREACHABLE
    assert said(config, LOCAL) == line
    assert said(config | {"allocations": {"x": {"allocator": "er"}}}, LOCAL) is None
    assert said(config | {"sparsity": [0.93]}, LOCAL) is None
    assert said(config, HUB) is None


def test_only_sparsities_and_models_that_the_allocation_is_for_count(folder):
    assert given("r.json", "[0.6, 0.7, 0.8]", LOCAL) is None
    own = {"allocator": "given", "file": "r.json"}
    config = {"sparsity": [0.6, 0.7], "allocations": {"x": own}}
    assert "expected the target 0.6" in str(said(config, LOCAL))
    own["sparsities"] = [0.7]
    assert said(config, LOCAL) is None


def test_levels_are_held_to_the_sizes_of_matrices(folder):
    text = "".join(f"{block}.{name}: {{}}\n" for block, name in sizes_of(Path("m")))
    # Of 23,040 weights.
    found = given("r.txt", text.format(2, *[0] * 20), LOCAL, step=16)
    assert found and found.endswith("found ratios whose mean is 0.7014, expected the target 0.7")
    levels = [2, -2] + [0] * 19
    assert given("r.txt", text.format(*levels), LOCAL, step=16) is None
    found = given("r.txt", text.format(*levels), LOCAL, step=200)
    assert found and "r.txt: 0.q_proj: found 1.090" in found


def test_levels_of_zero_leave_the_target(folder):
    text = "".join(f"{block}.{name}: 0\n" for block, name in sizes_of(Path("m")))
    assert given("r.txt", text, LOCAL, step=16) is None
    found = given("r.txt", text, LOCAL)
    assert found and found.endswith("found ratios whose mean is 0.0000, expected the target 0.7")


@pytest.mark.parametrize("name", ["r.json", "r.npy", "r.csv", "r.txt"])
def test_a_step_needs_a_file_of_levels(name, folder):
    content = {
        "r.json": "[0.7, 0.7, 0.7]",
        "r.npy": saved(np.full(3, 0.7)),
        "r.csv": "block,sparsity\n0,0.7\n1,0.7\n2,0.7\n",
        "r.txt": "".join(f"{block}.{name}: 0.7\n" for block, name in sizes_of(Path("m"))),
    }[name]
    assert given(name, content, LOCAL) is None
    line = f"{name}: found ratios, expected a .txt file of levels, as there is a step"
    assert str(given(name, content, LOCAL, step=16)).endswith(line)


def test_of_a_layout_that_transformers_has_to_show_the_blocks_are_known(folder):
    change_settings(model_type="olmo")
    assert sizes_of(Path("m")) == {}
    assert "blocks 0 to 1, expected 0 to 2" in str(given("r.json", "[0.7, 0.7]", LOCAL))
    assert given("r.json", "[0.6, 0.6, 0.6]", LOCAL) is None


def test_without_weights_the_matrices_are_known(folder):
    Path("m/model.safetensors").unlink()
    Path("a.npy").touch()
    projections = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
    alphas = LOCAL | {"alphas": {"file": "a.npy", "order": projections}}
    assert "expected one of every matrix" in str(
        given("r.json", '{"0": 0.7, "1": 0.7, "2.q_proj": 0.7}', alphas)
    )
    assert given("r.json", "[0.6, 0.6, 0.6]", alphas) is None


@pytest.mark.parametrize("settings", [{"num_hidden_layers": -1}, {"num_hidden_layers": "3"}])
def test_a_broken_model_is_left_to_the_job_that_reads_it(settings, folder):
    change_settings(**settings)
    assert given("r.json", "[0.6, 0.6]", LOCAL) is None


def test_without_whole_files_of_weights_the_blocks_are_known(folder):
    Path("m/model.safetensors").write_bytes(b"cut")
    assert "blocks 0 to 1, expected 0 to 2" in str(given("r.json", "[0.7, 0.7]", LOCAL))
    assert given("r.json", "[0.6, 0.6, 0.6]", LOCAL) is None


@pytest.mark.parametrize("family", FAMILIES)
def test_sizes_are_those_that_jobs_find(family, tmp_path):
    found = sizes_of(save_model(tmp_path / "m", family))
    shapes = Checkpoint(tmp_path / "m").matrices()
    assert [*found.items()] == [(matrix, math.prod(shape)) for matrix, shape in shapes.items()]


def test_names_may_lack_the_prefix_of_the_base_model(folder):
    before, weights = sizes_of(Path("m")), load_file("m/model.safetensors")
    save_file({n.removeprefix("model."): w for n, w in weights.items()}, "m/model.safetensors")
    assert sizes_of(Path("m")) == before and all(before.values())
