"""Reference results and the cells that have their settings."""

import itertools
import json
import math

import pandas as pd
import pytest
import yaml

from heavytail.config.epsilons import epsilon_of as epsilon_at
from heavytail.config.epsilons import published
from heavytail.config.methods import METHODS
from heavytail.config.reference import COLUMNS, read_reference
from heavytail.config.settings import checked
from heavytail.config.tasks import TASKS
from heavytail.tables.over_seeds import over_seeds
from heavytail.tables.reference import (
    beside,
    epsilon_of,
    importance,
    matches,
    segments_of,
    tasks_of,
)
from support.project import ROOT
from support.records import cell, dense, tables

SHIPPED = ROOT / "resources/reference/results.csv"
SHARED = ROOT.parent / "shared/notes"
SEGMENT_TABLES = sorted((ROOT / "resources/reference/segments").glob("*.json"))


def result(**more) -> dict:
    own = {"model": "m", "method": "wanda", "grouping": "gt", "quantity": "ppl_wikitext2"}
    return dict.fromkeys(COLUMNS, "") | own | {"value": "24"} | more


MODELS = ("llama-7b", "llama-13b", "llama-2-7b", "llama-3-8b", "llama-3.1-8b")
PUBLISHED = published(MODELS, METHODS)
PUBLISHED |= {m: {"magnitude": 0.3, "wanda": 0.2} for m in ("m", "other", "with", "without")}
BLOCKS = {"weight": 0.5, "importance": "blocks"}
SEGMENTS = {"weight": 0.5, "importance": "segments"}
ROWS = [
    dense(),
    cell("wanda", "uniform"),
    cell("wanda", "plain", grouping="gt", mapping="block"),
    cell("wanda", "again", grouping="gt", seed=0),
    cell("wanda", "wide", grouping="gt", epsilon=0.22),
    cell("wanda", "tuned", grouping="gt", epsilon="tune"),
    cell("wanda", "matrix", grouping="gt", mapping="matrix"),
    cell("wanda", "entropy", grouping="gt", metric="entropy"),
    cell("wanda", "split", grouping="gt", segments="own"),
    cell("wanda", "borrowed", grouping="gt", segments="other"),
    cell("wanda", "by-name", grouping="gt", segments="m"),
    cell("wanda", "blocks", grouping="gt", blend=BLOCKS),
    cell("wanda", "segments", grouping="gt", blend=SEGMENTS),
    cell("wanda", "qk"),
    cell("wanda", "half", grouping="gt", sparsity=0.5),
    cell("wanda-sequential", "one pass", grouping="gt"),
    cell("magnitude", "small", grouping="gt"),
    cell("magnitude", "published", grouping="gt", epsilon=0.3),
    cell("wanda", "elsewhere", grouping="gt", model="other"),
]
CELLS, SCORES = tables(ROWS, range(1, 1 + len(ROWS)))


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        ({}, ["plain", "again"]),
        ({"epsilon": "0.2"}, ["plain", "again"]),
        ({"epsilon": "0.22"}, ["wide"]),
        ({"epsilon": "0.25"}, []),
        ({"grouping": "qk"}, ["qk"]),
        ({"segments_of": "m"}, ["split", "by-name"]),
        ({"segments_of": "seg14:m?"}, ["split", "by-name"]),
        ({"segments_of": "other"}, ["borrowed"]),
        ({"segments_of": "none?"}, ["plain", "again"]),
        ({"blend": "gradnorm"}, ["segments"]),
        ({"blend": "gradnorm", "segments_of": "per-layer"}, ["blocks"]),
        ({"method": "magnitude"}, ["published"]),
        ({"method": "magnitude", "epsilon": "0.2"}, ["small"]),
        ({"method": "sparsegpt"}, []),
        ({"model": "other"}, ["elsewhere"]),
        ({"model": "nobody"}, []),
    ],
)
def test_cells_match_by_their_settings_whatever_their_name(settings, names):
    assert CELLS.loc[matches(result(**settings), CELLS, PUBLISHED), "allocation"].tolist() == names


def test_dense_rows_match_the_dense_model():
    chosen = CELLS[matches(result(method="dense", grouping=""), CELLS, PUBLISHED)]
    assert chosen["method"].tolist() == ["dense"] and chosen["model"].tolist() == ["m"]


def test_what_a_reference_result_says_of_its_settings():
    for name in ("", "per-layer", "none?"):
        assert segments_of(result(segments_of=name)) == ""
    assert segments_of(result(segments_of="seg14:llama-7b?")) == "llama-7b"
    assert importance(result(segments_of="m")) == ""
    assert epsilon_of(result(method="magnitude"), PUBLISHED) == 0.3
    assert math.isnan(epsilon_of(result(method=""), PUBLISHED))


def test_every_number_stands_beside_every_cell_that_it_fits():
    found = beside(
        [
            result(value="22.77", confidence="MED"),
            result(value="nan", epsilon="0.2", epsilon_certain="guess"),
            result(value="20", epsilon="0.22", epsilon_certain="yes"),
            result(method="dense", grouping="", value="2"),
            result(quantity="variance"),
        ],
        over_seeds(CELLS),
        SCORES,
        "wikitext2",
        PUBLISHED,
    )
    assert found["allocation"].tolist()[:5] == ["plain", "again"] * 2 + ["wide"]
    assert found["epsilon_source"].tolist()[:5] == [*["assumed"] * 2, *["guessed"] * 2, "reference"]
    assert found["ours"].tolist() == [3, 4, 3, 4, 5, 1]
    assert found["ratio"].tolist()[0] == pytest.approx(3 / 22.77)
    assert math.isnan(found["ratio"][2]) and found["ratio"][5] == 0.5
    assert pd.isna(found["allocation"][5]) and pd.isna(found["epsilon_source"][5])
    assert found["confidence"][0] == "MED"


def test_the_weight_of_a_blend_is_the_cell_s_and_assumed():
    results = [result(blend="gradnorm"), result(), result(method="dense", grouping="")]
    found = beside(results, over_seeds(CELLS), SCORES, "wikitext2", PUBLISHED).fillna("")
    assert found["allocation"].tolist() == ["segments", "plain", "again", ""]
    assert found["weight"].tolist() == ["0.5", "", "", ""]
    assert found["weight_source"].tolist() == ["assumed", "", "", ""]


def test_perplexities_on_another_text_are_left_out_and_zero_has_no_ratio():
    assert beside([result()], over_seeds(CELLS), SCORES, "python", PUBLISHED).empty
    found = beside([result(value="0")], over_seeds(CELLS), SCORES, "wikitext2", PUBLISHED)
    assert found["ratio"].tolist() == [math.inf] * 2


def test_zero_shot_numbers_are_means_over_seeds():
    rows = [dense(), cell("wanda", "gt", 0), cell("wanda", "gt", 1)]
    cells, scores = tables(rows, (1, 2, 4), [(0.9, 0.8), (0.25, 0.75), (0.75, 0.75)])
    quantities = ["zeroshot/a/acc", "zeroshot/b/acc_stderr", "zeroshot/mean_claimed"]
    results = [result(quantity=name) for name in quantities]
    found = beside(results, over_seeds(cells), scores, "python", PUBLISHED)
    assert found["ours"].tolist() == pytest.approx([0.5, 0.03, 0.625])
    assert found["sparsity"].tolist() == ["0.7"] * 3


@pytest.mark.parametrize(
    ("tasks", "bos", "kept"),
    [
        (2, "none", ["a/acc", "b/acc", "mean_claimed"]),
        (1, "none", ["a/acc"]),
        (3, "none", ["a/acc", "b/acc"]),
        (2, "tokenizer", []),
        (0, "none", []),
    ],
)
def test_only_accuracies_without_bos_and_means_over_the_reference_tasks_are_compared(
    tasks, bos, kept
):
    accuracies = [(0.5, 0.25, 0.75)[:tasks]] * 2 if tasks else []
    cells, scores = tables([dense(), cell("wanda", "gt")], (1, 2), accuracies, bos)
    quantities = [f"zeroshot/{name}" for name in ("a/acc", "b/acc", "mean_claimed")]
    results = [result(quantity=name) for name in ("ppl_wikitext2", *quantities)]
    found = beside(results, over_seeds(cells), scores, "wikitext2", PUBLISHED)
    assert found["quantity"].tolist() == ["ppl_wikitext2", *(f"zeroshot/{own}" for own in kept)]


def test_a_mean_over_tasks_that_the_reference_does_not_name_is_beside_nothing():
    results = [result(quantity="zeroshot/mean_claimed"), result(quantity="zeroshot")]
    assert beside(results, over_seeds(CELLS), SCORES, "wikitext2", PUBLISHED).empty


def test_each_model_is_compared_by_its_own_bos():
    rows = [cell("wanda", "gt", model=model) for model in ("with", "without")]
    cells, scores = tables(rows, (1, 2), [(0.5,), (0.25,)])
    scores.loc[scores["model"] == "with", "bos"] = "tokenizer"
    results = [result(quantity="zeroshot/a/acc", model=model) for model in ("with", "without")]
    found = beside(results, over_seeds(cells), scores, "wikitext2", PUBLISHED)
    assert found["model"].tolist() == ["without"] and found["ours"].tolist() == [0.25]


def test_the_shipped_reference_results_can_be_read():
    rows = read_reference(SHIPPED)
    assert len(rows) == 406
    assert sum(row["quantity"] == "ppl_wikitext2" for row in rows) == 75
    assert tasks_of(rows) == {name for name, task in TASKS.items() if task.folder}


@pytest.mark.skipif(not SHARED.exists(), reason="the published notes are not beside the project")
def test_the_shipped_reference_results_are_those_of_the_published_notes():
    assert SHIPPED.read_bytes() == (SHARED / "results.csv").read_bytes()
    shipped = {path.stem: json.loads(path.read_text()) for path in SEGMENT_TABLES}
    assert shipped == json.loads((SHARED / "segments.json").read_text())


@pytest.mark.parametrize("path", SEGMENT_TABLES, ids=lambda path: path.stem)
def test_the_shipped_segments_hold_every_block_once_in_order(path):
    blocks = [block for segment in json.loads(path.read_text()) for block in segment]
    assert blocks == list(range(40 if path.stem == "llama-13b" else 32))


def configured() -> pd.DataFrame:
    """The cells of config/notes.yaml, as the table of cells has them."""
    schema, config = (
        yaml.safe_load((ROOT / f"config/{name}.yaml").read_text()) for name in ("schema", "notes")
    )
    found = checked(config, schema, [ROOT])
    rows = [dense(model) for model in found["models"]]
    for model, method, (name, own) in itertools.product(
        found["models"], found["methods"], found["allocations"].items()
    ):
        if model in own.get("models", [model]) and method in own.get("methods", [method]):
            sparsity, epsilon = found["sparsity"][0], own.get("epsilon")
            epsilon = epsilon and epsilon_at(epsilon, model, method, sparsity)
            about = {"sparsity": sparsity, "epsilon": epsilon}
            rows.append({"grouping": None} | cell(method, name, model=model) | own | about)
    return tables(rows, [1.0] * len(rows))[0]


def test_every_reference_perplexity_and_accuracy_has_a_cell_in_the_notes_config():
    cells, rows = configured(), read_reference(SHIPPED)
    wanted = [row for row in rows if row["quantity"].startswith(("ppl_wikitext2", "zeroshot/"))]
    assert len(wanted) == 75 + 69
    assert [row for row in wanted if not matches(row, cells, PUBLISHED).any()] == []
