"""What the workflow plans, and what it refuses before it plans anything."""

import re
import shutil
from collections.abc import Callable

import pytest
import yaml

from support.project import CONFIG, ENVIRONMENT, ROOT

pytestmark = pytest.mark.slow


def test_the_reference_matrix_is_planned_for_every_model(fresh):
    shutil.copy(ROOT / "config/notes.yaml", fresh.folder / "config/notes.yaml")
    config = yaml.safe_load((ROOT / "config/notes.yaml").read_text())
    full = fresh.snakemake("--configfile", "config/notes.yaml", "--dry-run")
    assert full.returncode == 0, full.stdout
    cells = sum(
        len(own.get("models", config["models"])) * len(own.get("methods", config["methods"]))
        for own in config["allocations"].values()
    )
    assert (
        full.stdout.count("\nrule evaluate_cell:") + full.stdout.count("localrule evaluate_cell:")
        == cells
    )
    assert "tiny" not in full.stdout


def plan_of(fresh, name: str) -> tuple[dict, Callable[[str], int]]:
    """A config of local files, with a tiny model and texts in their place, and how many jobs."""
    shutil.copy(ROOT / f"config/{name}", fresh.folder / f"config/{name}")
    config = yaml.safe_load((ROOT / f"config/{name}").read_text())
    shutil.copytree(fresh.folder / "tiny", fresh.folder / config["models"]["smollm2"]["path"])
    for text in config["texts"]["wikitext"]["path"].values():
        (fresh.folder / text).parent.mkdir(exist_ok=True)
        (fresh.folder / text).write_text("Some text.")
    full = fresh.snakemake("--configfile", f"config/{name}", "--dry-run")
    assert full.returncode == 0, full.stdout

    def planned(rule: str) -> int:
        return sum(full.stdout.count(f"\n{kind} {rule}:") for kind in ("rule", "localrule"))

    return config, planned


def test_the_steps_after_a_method_are_planned(fresh):
    config, planned = plan_of(fresh, "steps.yaml")
    # SparseGPT compensates for its mask: swaps go only with refit.
    assert planned("prune_cell") == (4 + 3) * len(config["sparsity"])


def test_the_comparison_of_the_field_is_planned(fresh):
    config, planned = plan_of(fresh, "field.yaml")
    cells, tuned, searched = 0, 0, 0
    for own in config["allocations"].values():
        methods = own.get("methods", config["methods"])
        sparsities = own.get("sparsities", config["sparsity"])
        # Magnitude reads no calibration text: one seed.
        runs = sum(1 if one == "magnitude" else len(config["seeds"]) for one in methods)
        cells += runs * len(sparsities)
        tuned += ("tune" in own.values()) * len(methods) * len(sparsities)
        searched += (own.get("allocator") == "search") * len(methods) * len(sparsities)
    assert (planned("evaluate_cell"), planned("tune_allocation")) == (cells, tuned)
    assert planned("search_allocation") == searched == 2


BAD = {
    "unknown key": ({"model": {}}, "model: unknown key, did you mean 'models'?"),
    "unknown method": ({"methods": ["wandas"]}, "did you mean 'wanda'?"),
    "unknown grouping": ({"allocations": {"a": {"grouping": "qkvo"}}}, "did you mean 'qkvout'?"),
    "unknown projection": (
        {"allocations": {"a": {"grouping": ["q_prj"]}}},
        "did you mean 'q_proj'?",
    ),
    "epsilon": ({"allocations": {"a": {"grouping": "gt", "epsilon": 1.5}}}, "1.5"),
    "sparsity": ({"sparsity": [1.2]}, "1.2"),
    "unknown task": ({"tasks": ["python_attributes"]}, "did you mean 'python_attribute'?"),
    "what er_plus cannot reach": (
        {"sparsity": [0.98], "allocations": {"a": {"allocator": "er_plus"}}},
        "allocations.a: models.tiny: sparsity: found 0.98, expected below",
    ),
    "no folder": ({"models": {"a": {"path": "nowhere"}}}, "'nowhere' does not exist"),
    "no config.json": ({"models": {"a": {"path": "config"}}}, "no config.json"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_one_line_before_any_job(name, fresh):
    changes, line = BAD[name]
    fresh.configure(**changes)
    run = fresh.snakemake("--quiet")
    assert run.returncode != 0
    said = [text for text in run.stdout.splitlines() if text.startswith("config: ")]
    assert len(said) == 1 and line in said[0], run.stdout
    assert "Traceback" not in run.stdout
    assert not (fresh.folder / "results").exists()


def test_a_model_without_weights_is_refused(fresh):
    (fresh.folder / "tiny" / "model.safetensors").unlink()
    run = fresh.snakemake("--quiet")
    assert run.returncode != 0 and "safetensors" in run.stdout and "Traceback" not in run.stdout


def test_a_search_asks_for_time_and_memory_by_its_generations_and_children(fresh):
    fresh.edit(
        "rules/resources.smk",
        "PARAMETERS_PER_MINUTE = 30, 2**25",
        "PARAMETERS_PER_MINUTE = 30, 2**5",
    )
    found = {}
    for population, generations in ((4, 10), (4, 40), (4000, 40)):
        own = {"allocator": "search", "start": "a", "tokens": [64]}
        own |= {"population": population, "generations": generations}
        fresh.configure(allocations={"a": {"allocator": "uniform"}, "b": own}, methods=["wanda"])
        plan = fresh.snakemake("--workflow-profile", "profiles/slurm", "--dry-run").stdout
        took = re.search(r"rule search_allocation:\n(?: +.*\n)*? +resources: (.*)", plan)
        assert took, plan
        asked = dict(re.findall(r"(\w+)=([^,\n]+)", took[1]))
        found[population, generations] = int(asked["runtime"]), int(asked["mem_mb"])
    few, many, wide = found.values()
    assert many[0] > few[0] > 30 and many[1] == few[1]
    assert wide[0] > many[0] and wide[1] > many[1]


JOB_OF_SLURM = (
    *("--mode", "remote", "--executor", "slurm-jobstep", "--jobs", "1", "--cores", "all"),
    *("--default-resources", "mem_mb=2000", "runtime=60"),
)


@pytest.mark.parametrize(
    ("arguments", "devices", "gpu"),
    [
        (("--workflow-profile", "profiles/slurm"), "", True),
        (("--workflow-profile", "profiles/slurm", "--resources", "gpu=0"), "0", False),
        (JOB_OF_SLURM, "0", True),
        (JOB_OF_SLURM, "", False),
    ],
)
def test_what_submits_and_a_submitted_job_know_whether_there_is_a_gpu(
    fresh, monkeypatch, arguments, devices, gpu
):
    """What submits goes by its profile, a job by what the cluster gave it."""
    probe = 'include: "Snakefile"\nprint("GPU:", GPU)\n'
    (fresh.folder / "probe.smk").write_text(probe)
    monkeypatch.setitem(ENVIRONMENT, "CUDA_VISIBLE_DEVICES", devices)
    run = fresh.snakemake("--snakefile", "probe.smk", "--dry-run", *arguments)
    assert f"GPU: {gpu}" in run.stdout.splitlines(), run.stdout


PLAIN = """
from dataclasses import dataclass


module heavytail:
    snakefile:
        "Snakefile"
    config:
        config


use rule * from heavytail as heavytail_*


@dataclass
class Named:
    name: str

    def __call__(self, wildcards):
        return self.name


rule own:
    input:
        Named("Snakefile"),
    output:
        "own.txt",
    shell:
        "cp {input} {output}"
"""


def test_a_module_s_user_may_have_input_functions_without_a_hash(fresh):
    (fresh.folder / "own.smk").write_text('configfile: "config/config.yaml"\n' + PLAIN)
    run = fresh.snakemake("--snakefile", "own.smk", "--dry-run", "--printshellcmds", "own.txt")
    assert run.returncode == 0 and "cp Snakefile own.txt" in run.stdout, run.stdout


def test_the_reason_of_a_failed_job_is_shown_and_neighbours_survive(project):
    """A calibration length beyond the model's positions is found by the job itself."""
    neighbour = project.folder / "results/perplexity/tiny/magnitude/0.6/gt/seed-0.json"
    neighbour.unlink()
    project.configure(calibration=CONFIG["calibration"] | {"length": 80})
    run = project.snakemake("--keep-going")
    assert run.returncode != 0
    assert "calibration.length: 80 exceeds the model's 64 positions" in run.stdout
    assert neighbour.exists()
    assert not list(project.folder.rglob("*.part"))
