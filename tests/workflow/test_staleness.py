"""What reruns: exactly the cells whose result could differ."""

import copy
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support.faults import results
from support.plans import (
    COMPARISONS,
    MAGNITUDE_GT,
    PAGES,
    RATIO_TABLES,
    REPORT,
    TABLES,
    WANDA_GT,
    WANDA_UNIFORM,
    consequences,
)
from support.project import CONFIG
from support.tiny_model import save_model

pytestmark = pytest.mark.slow


def ratios(*cells: str) -> dict[str, list[str]]:
    tables = [f"results/ratios/tiny/{cell.removesuffix('/seed-0')}.csv" for cell in cells]
    return {"allocate_sparsity": sorted(tables)} | RATIO_TABLES


BINNED = {"bin_spectra": ["results/densities/tiny.csv"]}
METRICS_OF_GT = {
    "compute_metrics": ["results/metrics/tiny/tails.csv"],
    **BINNED,
    **ratios(WANDA_GT, MAGNITUDE_GT),
    **consequences(WANDA_GT, MAGNITUDE_GT),
}


def test_a_finished_matrix_plans_nothing_and_its_records_are_whole(project):
    assert project.planned() == {}
    cells = (project.folder / "results/tables/cells.csv").read_text().splitlines()
    assert len(cells) == 1 + 1 + 4
    record = json.loads((project.folder / f"results/perplexity/tiny/{WANDA_GT}.json").read_text())
    assert record["perplexity"] > 1 and record["windows"] == 8 and record["dataset"] == "python"
    table = (project.folder / "results/tables/tiny.md").read_text()
    assert re.search(r"^\| wanda +\|", table, re.MULTILINE)


def test_touching_every_file_reruns_nothing(project):
    for path in project.folder.rglob("*"):
        if path.is_file() and ".snakemake" not in path.parts:
            os.utime(path)
    assert project.planned() == {}


def test_an_edit_of_wanda_reruns_wanda(project):
    project.edit("scripts/heavytail/pruning/methods/wanda.py", "abs() * norm", "abs() + norm")
    assert project.planned() == consequences(WANDA_GT, WANDA_UNIFORM)


def test_an_edit_of_a_way_through_a_block_reruns_the_cells_that_go_it(project):
    project.edit(
        "scripts/heavytail/pruning/within_block/sequential.py", "strict=True", "strict=False"
    )
    assert project.planned() == {}
    before, after = "not model.is_last(index)", "model.is_last(index) is False"
    project.edit("scripts/heavytail/pruning/within_block/exact.py", before, after)
    assert project.planned() == consequences(WANDA_GT, WANDA_UNIFORM)


def test_an_edit_of_a_table_script_reruns_that_table(project):
    project.edit("scripts/write_table.py", 'f"Perplexity {', 'f"Perplexity, lower is better, {')
    assert project.planned() == {"write_table": TABLES["write_table"]}


def test_an_edit_of_a_chart_reruns_the_report_alone(project):
    project.edit("scripts/heavytail/report/charts/others.py", "size=60", "size=70")
    assert project.planned() == REPORT


def test_diagnostics_that_come_make_the_report_stale_and_costs_do_not(project):
    (project.folder / "results/benchmarks/collect_cells.tsv").unlink()
    assert project.planned() == {}
    page = project.folder / "results/diagnostics/tiny/low_rank.csv"
    page.parent.mkdir(parents=True)
    page.write_text("block,product,head,effective_rank,nuclear_share\n0,W_O W_V,0,3.5,0.9\n")
    assert project.planned() == REPORT


def test_a_figure_is_drawn_again_alone_and_with_the_same_bytes(project):
    project.run("report")
    figures = sorted((project.folder / "results/plots").glob("tiny-*.*"))
    before = {path: path.read_bytes() for path in figures}
    assert {"tiny-matrix.svg", "tiny-matrix.pdf", "tiny-spectrum.csv"} <= {p.name for p in figures}
    project.edit("scripts/heavytail/report/figures/gains.py", "lw=1)", "linewidth=1)")
    plan = project.snakemake("--dry-run", "--", "report")
    assert re.findall(r"rule (\w+):", plan.stdout) == ["plot_figure", "report"]
    project.run("report")
    assert {path: path.read_bytes() for path in figures} == before


def committed(folder: Path) -> str:
    """Make a folder a clone that has its scripts; the commit."""
    git = ["git", "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@b.c"]
    for arguments in ("init", "add scripts", "commit --message all"):
        subprocess.run([*git, *arguments.split()], check=True, capture_output=True)
    said = subprocess.run([*git, "describe", "--always"], check=True, capture_output=True)
    return said.stdout.decode().strip()


@pytest.mark.skipif(not shutil.which("git"), reason="no git here")
def test_a_report_of_an_unfinished_matrix_says_what_is_missing(project):
    (project.folder / f"results/zero_shot/tiny/{WANDA_GT}.json").unlink()
    commit = committed(project.folder)
    done = project.snakemake("--nolock", "--force", "--", "write_unfinished_report")
    assert done.returncode == 0, done.stdout
    html = (project.folder / "results/report/unfinished.html").read_text()
    assert "1 cell is missing" in html and f"tiny/{WANDA_GT}: no zero_shot" in html
    assert "3 pruned cells" in html and "heat-map" in html
    assert f"commit {commit}." in html
    assert project.planned().keys() == {"evaluate_zero_shot", *TABLES}


def test_an_edit_of_the_tables_module_reruns_the_pages(project):
    project.edit("scripts/heavytail/tables/markdown.py", "1e4", "1e5")
    assert project.planned() == PAGES | RATIO_TABLES


def test_an_edit_of_the_comparisons_collects_nothing(project):
    project.edit("scripts/heavytail/tables/significance.py", "0.95", "0.9")
    assert project.planned() == COMPARISONS


def test_reference_results_add_their_comparison_and_the_tables(project):
    project.configure(reference="resources/reference/results.csv")
    written = {"write_table": PAGES["write_table"]} | REPORT
    assert project.planned() == written | {"compare_reference": ["results/tables/reference.csv"]}
    project.run()
    assert project.planned() == {}
    assert "No reference result" in (project.folder / "results/tables/reference.md").read_text()


def test_an_edit_of_the_spectra_reruns_what_reads_them(project):
    project.edit("scripts/heavytail/spectra/gram.py", "clamp_(min=0.0)", "clamp_(min=1e-300)")
    assert project.planned() == {
        "measure_spectra": ["results/spectra/tiny.safetensors"],
        **METRICS_OF_GT,
    }


def test_an_edit_of_a_metric_reruns_the_cells_of_its_family_and_measures_nothing(project):
    project.edit("scripts/heavytail/metrics/shape.py", "np.log10(total)", "np.log2(total)")
    project.edit("scripts/heavytail/metrics/marchenko_pastur.py", "BINS = 100", "BINS = 90")
    assert project.planned() == BINNED | REPORT, "what is drawn, and nothing that guides"
    project.edit("scripts/heavytail/metrics/tails.py", "BINS = 100", "BINS = 90")
    assert project.planned() == METRICS_OF_GT


def test_an_edit_of_the_perplexity_prunes_nothing(project):
    project.edit("scripts/heavytail/evaluation/perplexity.py", ".mean(dim=1)", ".sum(dim=1)")
    records = [f"{m}/0.6/{a}/seed-0" for m in ("magnitude", "wanda") for a in ("gt", "uniform")]
    names = sorted(f"results/perplexity/tiny/{cell}.json" for cell in ["dense", *records])
    assert project.planned() == {"evaluate_perplexity": names} | TABLES


def test_another_bos_policy_rescores_the_tasks_alone(project):
    project.configure(zero_shot={"bos": "tokenizer"})
    records = [f"{m}/0.6/{a}/seed-0" for m in ("magnitude", "wanda") for a in ("gt", "uniform")]
    names = sorted(f"results/zero_shot/tiny/{cell}.json" for cell in ["dense", *records])
    assert project.planned() == {"evaluate_zero_shot": names} | TABLES


def test_a_model_s_own_bos_policy_rescores_that_model_alone(project):
    tiny = {"path": "tiny"}
    project.configure(models={"tiny": tiny | {"bos": "none"}}, zero_shot={"bos": "tokenizer"})
    assert project.planned() == {}
    project.configure(models={"tiny": tiny | {"bos": "tokenizer"}})
    cells = [
        "dense",
        *(f"{m}/0.6/{a}/seed-0" for m in CONFIG["methods"] for a in ("gt", "uniform")),
    ]
    names = sorted(f"results/zero_shot/tiny/{cell}.json" for cell in cells)
    assert project.planned() == {"evaluate_zero_shot": names} | TABLES
    project.configure(models={"tiny": tiny, "other": tiny | {"bos": "tokenizer"}})
    names = [name.replace("/tiny/", "/other/") for name in names]
    assert project.planned()["evaluate_zero_shot"] == names


def test_an_edit_of_comments_and_docstrings_reruns_nothing(project):
    project.edit(
        "scripts/heavytail/pruning/methods/wanda.py", '"""Wanda', '# why\n"""The method Wanda'
    )
    project.edit("scripts/prune_cell.py", '"""Prune one cell', '"""Prune a cell')
    assert project.planned() == {}


def test_one_epsilon_reruns_its_cell(project):
    allocations = copy.deepcopy(CONFIG["allocations"])
    allocations["gt"]["epsilon"]["wanda"] = 0.3
    project.configure(allocations=allocations)
    assert project.planned() == ratios(WANDA_GT) | consequences(WANDA_GT)


def test_a_comment_and_another_order_in_the_config_rerun_nothing(project):
    project.configure(models=CONFIG["models"])
    path = project.folder / "config" / "config.yaml"
    path.write_text("# a comment\n" + path.read_text())
    order = ("magnitude: 0.1", "wanda: 0.1")
    project.edit("config/config.yaml", "\n      ".join(order), "\n      ".join(order[::-1]))
    assert project.planned() == {}


def test_a_new_model_adds_its_own_cells_and_the_tables(project):
    save_model(project.folder / "second", seed=1)
    project.configure(models=CONFIG["models"] | {"second": {"path": "second"}})
    planned = project.planned()
    tables = {rule: planned.pop(rule) for rule in TABLES}
    assert tables["collect_cells"] == TABLES["collect_cells"]
    assert "results/tables/second.csv" in tables["write_table"]
    assert len(planned["prune_cell"]) == 4 and len(planned["evaluate_perplexity"]) == 5
    assert all("second" in output for outputs in planned.values() for output in outputs)


def test_a_new_grouping_or_an_edited_model_card_reruns_nothing(project):
    project.edit(
        "scripts/heavytail/config/groupings.py", "GROUPINGS = {", 'GROUPINGS = {"o": ("o_proj",),'
    )
    (project.folder / "tiny" / "README.md").write_text("another card")
    assert project.planned() == {}


def test_other_windows_rerun_the_perplexities_and_other_samples_the_calibrated_cells(project):
    project.configure(evaluation=CONFIG["evaluation"] | {"windows": 9})
    planned = project.planned()
    assert planned.keys() == {"freeze_evaluation", "evaluate_perplexity", *TABLES}
    assert len(planned["evaluate_perplexity"]) == 5
    project.configure(calibration=CONFIG["calibration"] | {"samples": 9})
    frozen = {"freeze_calibration": ["results/calibration/tiny/seed-0.safetensors"]}
    assert project.planned() == frozen | consequences(WANDA_GT, WANDA_UNIFORM)


def test_another_seed_adds_cells_of_the_methods_that_read_calibration_text(project):
    project.configure(seeds=[0, 1])
    planned = project.planned()
    cells = ("wanda/0.6/gt/seed-1", "wanda/0.6/uniform/seed-1")
    frozen = {"freeze_calibration": ["results/calibration/tiny/seed-1.safetensors"]}
    assert planned == frozen | consequences(*cells)


def test_new_weights_of_a_model_rerun_what_depends_on_them(project):
    save_model(project.folder / "tiny", seed=7)
    assert len(project.planned()["prune_cell"]) == 4


def test_a_deleted_record_is_made_again_alone_and_with_the_same_bytes(project):
    record = project.folder / f"results/perplexity/tiny/{WANDA_GT}.json"
    table = project.folder / "results/tables/cells.csv"
    before = record.read_bytes(), table.read_bytes()
    record.unlink()
    name = str(record.relative_to(project.folder))
    assert project.planned() == {"evaluate_perplexity": [name]} | TABLES
    project.run()
    assert (record.read_bytes(), table.read_bytes()) == before
    assert project.planned() == {}


def test_a_cell_pruned_again_has_the_same_bytes(project):
    artifact = project.folder / f"results/pruned/tiny/{WANDA_GT}.safetensors"
    before = artifact.read_bytes()
    artifact.unlink()
    assert project.planned() == {}, "a finished record outlives its artifact"
    project.run(str(artifact.relative_to(project.folder)))
    assert artifact.read_bytes() == before


HARMLESS = {
    "the wording of an error": ("running/failures.py", "ended without a reason", "just ended"),
    "the format of a log line": ("running/progress.py", "%s %d of %d", "%s %d/%d"),
    "an annotation": ("spectra/gram.py", "gram = ", "gram: torch.Tensor = "),
    "the wording of a job's error": ("models/checkpoint.py", "not a whole", "not an entire"),
}


@pytest.mark.parametrize("case", HARMLESS)
def test_an_edit_that_can_change_no_result_reruns_nothing(project, case):
    file, old, new = HARMLESS[case]
    project.edit(f"scripts/heavytail/{file}", old, new)
    assert project.planned() == {}


def test_another_family_reruns_nothing(project):
    family = project.folder / "scripts/heavytail/models/families/ours.py"
    family.write_text("from heavytail.models.families.llama import FAMILY\n\n__all__ = [FAMILY]\n")
    project.edit(
        "scripts/heavytail/config/families.py", "FAMILIES = {", 'FAMILIES = {"ours": None,'
    )
    assert project.planned() == {}
    project.edit("scripts/heavytail/models/families/llama.py", "self_attn", "attention")
    assert {"measure_spectra", "prune_cell"} <= project.planned().keys()


# Jobs that read numbers and compute with numpy: their own imports bring torch along.
LIGHT = {"compute_metrics", "allocate_sparsity"}


def test_another_metric_of_a_family_computes_nothing_on_the_model(project):
    """Its ratios come out the same, so every cell is what it was."""
    before = results(project)
    project.edit(
        "scripts/heavytail/metrics/tails.py",
        '"alpha_mid": ',
        '"alpha_twice": 2 * alpha_mid(values), "alpha_mid": ',
    )
    planned = project.planned()
    assert planned == METRICS_OF_GT, "Snakemake cannot know before"
    assert project.computing() <= LIGHT
    assert project.planned() == {}
    after = results(project)
    changed = {name for name in after if after[name] != before.get(name)}
    assert changed == {"metrics/tiny/tails.csv"}


def test_a_renamed_allocation_is_the_same_cell(project):
    allocations = copy.deepcopy(CONFIG["allocations"])
    allocations["renamed"] = allocations.pop("gt")
    project.configure(allocations=allocations)
    assert len(project.planned()["prune_cell"]) == 2
    assert project.computing() <= LIGHT
    for stage in ("perplexity", "zero_shot"):
        folder = project.folder / f"results/{stage}/tiny/wanda/0.6"
        old, new = (folder / f"{name}/seed-0.json" for name in ("gt", "renamed"))
        assert old.samefile(new), "one file with two names"
    assert "renamed" in (project.folder / "results/tables/tiny.md").read_text()
    # Pruned again where it was deleted: its origin names its own files.
    shutil.rmtree(project.folder / "results/ratios/tiny/wanda/0.6/gt.csv", ignore_errors=True)
    origin = project.folder / "results/pruned/tiny/wanda/0.6/renamed/seed-0.origin.json"
    assert json.loads(origin.read_text())["inputs"]["ratios"].endswith("renamed.csv")


def test_a_config_that_goes_back_finds_its_cells(project):
    before = results(project)
    other = copy.deepcopy(CONFIG["allocations"])
    other["gt"]["epsilon"]["wanda"] = 0.3
    project.configure(allocations=other)
    assert "prune_cell" in project.computing()
    project.configure()
    assert project.planned() == ratios(WANDA_GT) | consequences(WANDA_GT)
    assert project.computing() <= LIGHT
    assert results(project) == before and project.planned() == {}


def test_folders_of_models_that_change_places_are_noticed(fresh):
    """Both are older than the first run, of one size, and keep their times."""
    folder = fresh.folder
    save_model(folder / "other", seed=3)
    fresh.configure(allocations={"uniform": {"allocator": "uniform"}}, methods=["magnitude"])
    fresh.run("results/perplexity/tiny/dense.json")
    before = (folder / "results/perplexity/tiny/dense.json").read_text()
    assert fresh.planned().keys().isdisjoint({"fetch_model"})
    (folder / "tiny").rename(folder / "aside")
    (folder / "other").rename(folder / "tiny")
    (folder / "aside").rename(folder / "other")
    assert fresh.planned()["fetch_model"] == ["results/models/tiny/provenance.json"]
    fresh.run("results/perplexity/tiny/dense.json")
    assert (folder / "results/perplexity/tiny/dense.json").read_text() != before
    assert "fetch_model" not in fresh.planned()


def test_what_the_store_holds_and_nothing_refers_to_is_removed(project):
    clean = [sys.executable, "scripts/clean.py"]
    done = subprocess.run(clean, cwd=project.folder, capture_output=True, text=True, check=True)
    assert "nothing" in done.stdout
    shutil.rmtree(project.folder / "results/pruned/tiny/wanda")
    done = subprocess.run(clean, cwd=project.folder, capture_output=True, text=True, check=True)
    assert done.stdout.count("prune_cell") == 2 and " MB" in done.stdout, done.stdout
    done = subprocess.run(clean, cwd=project.folder, capture_output=True, text=True, check=True)
    assert "nothing" in done.stdout
