"""A dense model that is known to reach a perplexity must reach it before its cells are pruned."""

import json
import os
import shutil

import pytest

from support.plans import TABLES, WANDA_GT, WANDA_UNIFORM, consequences
from support.project import CONFIG
from support.tiny_model import save_model

pytestmark = pytest.mark.slow
CHECK = {"check_dense": ["results/checks/tiny.json"]}
CELLS = [f"{method}/0.6/{a}/seed-0" for method in ("magnitude", "wanda") for a in ("gt", "uniform")]
PERPLEXITIES = sorted(f"results/perplexity/tiny/{cell}.json" for cell in ["dense", *CELLS])


def expecting(perplexity: float) -> dict:
    return {"models": {"tiny": CONFIG["models"]["tiny"] | {"perplexity": perplexity}}}


def dense(project) -> float:
    record = (project.folder / "results/perplexity/tiny/dense.json").read_text()
    return json.loads(record)["perplexity"]


@pytest.fixture
def unmeasured(project):
    """The finished matrix without its cells and numbers, which come at once."""
    project.stand_in("prune_cell", "evaluate_perplexity")
    for stage in ("pruned", "perplexity"):
        shutil.rmtree(project.folder / "results" / stage)
    return project


def test_a_wrong_expectation_stops_before_any_cell_and_the_right_one_lets_it_pass(unmeasured):
    small = {"methods": ["magnitude"], "tasks": [], "allocations": {"u": {"allocator": "uniform"}}}
    pruned = unmeasured.folder / "results/pruned/tiny"
    unmeasured.configure(**small, **expecting(9.5))
    planned = unmeasured.planned()
    assert {"prune_cell", "evaluate_perplexity", "check_dense"} <= planned.keys()
    for arguments in ((), ("--keep-going",)):
        run = unmeasured.snakemake(*arguments)
        assert run.returncode != 0 and not list(pruned.rglob("*.*"))
        lines = [line for line in run.stdout.splitlines() if line.startswith("check_dense tiny: ")]
        found = f"models.tiny.perplexity: found {dense(unmeasured):.4f}, expected 9.5 within 1.00%"
        assert len(set(lines)) == 1 and found in lines[0], run.stdout
    unmeasured.configure(**small, **expecting(dense(unmeasured) * 1.005))
    unmeasured.run()
    assert list(pruned.rglob("*.safetensors")) and unmeasured.planned() == {}

    # Another model by the same name waits again, whatever was pruned from the first.
    save_model(unmeasured.folder / "second", seed=1)
    second = {"models": {"tiny": {"path": "second", "perplexity": 9.5}}}
    before = [path.read_bytes() for path in pruned.rglob("*.json")]
    unmeasured.configure(**small, **second)
    for _ in range(2):
        assert unmeasured.snakemake().returncode != 0
        assert [path.read_bytes() for path in pruned.rglob("*.json")] == before

    # So do new weights in the same place, before it is known that they are others.
    save_model(unmeasured.folder / "tiny", seed=2)
    unmeasured.configure(**small, **expecting(9.5))
    assert unmeasured.snakemake("--keep-going").returncode != 0
    assert [path.read_bytes() for path in pruned.rglob("*.json")] == before


def test_a_touched_model_makes_nothing_wait_and_another_text_is_another_expectation(project):
    project.configure(**expecting(dense(project)))
    os.utime(project.folder / "results/models/tiny/provenance.json")
    assert project.planned() == CHECK
    project.run()
    shorter = CONFIG["evaluation"] | {"windows": 4}
    project.configure(**expecting(dense(project)), evaluation=shorter)
    planned = project.planned()
    assert planned.keys() >= {"evaluate_perplexity", "check_dense"} and "prune_cell" not in planned


def test_the_check_of_a_finished_matrix_prunes_and_evaluates_nothing(project):
    project.configure(**expecting(dense(project)))
    assert project.planned() == CHECK
    project.run()
    assert project.planned() == {}
    (project.folder / "results/checks/tiny.json").unlink()
    assert project.planned() == CHECK
    project.configure()
    assert project.planned() == {}


def test_a_dense_model_measured_again_is_checked_again_and_hides_no_stale_cell(project):
    project.configure(**expecting(dense(project)))
    project.run()
    script = project.folder / "scripts/evaluate_perplexity.py"
    own = script.read_text()
    project.stand_in("evaluate_perplexity")
    assert project.planned() == {"evaluate_perplexity": PERPLEXITIES} | CHECK | TABLES
    run = project.snakemake("--keep-going")
    assert run.returncode != 0 and "check_dense tiny: models.tiny.perplexity: " in run.stdout
    assert project.planned() == CHECK, "the failed check alone, and no cell again"
    project.edit("scripts/heavytail/pruning/methods/wanda.py", "abs() * norm", "abs() + norm")
    assert project.planned() == consequences(WANDA_GT, WANDA_UNIFORM) | CHECK
    script.write_text(own)
    expected = consequences(WANDA_GT, WANDA_UNIFORM) | CHECK
    assert project.planned() == expected | {"evaluate_perplexity": PERPLEXITIES}
