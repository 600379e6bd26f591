"""Published results beside our cells."""

import itertools

import numpy as np
import pandas as pd
import pytest
import yaml

from heavytail.config.epsilons import epsilon_of as epsilon_at
from heavytail.config.reference import read_published
from heavytail.config.settings import checked
from heavytail.tables.anchors import beside_published, column_of, matches, with_intervals
from heavytail.tables.over_seeds import over_seeds
from heavytail.tables.significance import FEWEST
from support.project import ROOT
from support.records import cell, dense, tables

SHIPPED = read_published(ROOT / "resources/anchors/perplexity.csv")
PROTOCOL = {"dataset": "wikitext2", "split": "test", "length": 2048, "stride": np.nan}
PROTOCOL |= {"windows": np.nan, "bos": "tokenizer", "unit": "token", "column": "perplexity"}


def protocols(**changes) -> pd.DataFrame:
    return pd.DataFrame([PROTOCOL | changes])


OTHERS = [
    *({"length": 4096}, {"split": "validation"}, {"unit": "word"}, {"windows": 3.0}),
    *({"stride": 8.0}, {"bos": "windows"}, {"dataset": "c4"}),
]


@pytest.mark.parametrize("changes", OTHERS)
def test_another_protocol_is_beside_nothing(changes):
    assert column_of(SHIPPED[0], protocols()) == "perplexity"
    assert column_of(SHIPPED[0], protocols(**changes)) is None


def test_windows_that_a_result_counts_are_those_of_the_protocol():
    counted = SHIPPED[0] | {"windows": "3"}
    assert column_of(counted, protocols(windows=3.0)) == "perplexity"
    assert column_of(counted, protocols(windows=4.0)) is None
    assert column_of(counted, protocols()) is None
    assert column_of(SHIPPED[0] | {"windows": ""}, protocols()) == "perplexity"


DLP = {"allocator": "dlp", "epsilon": 0.15, "grouping": None, "metric": None}
LSA = {"allocator": "lsa", "epsilon": 0.15, "grouping": None, "metric": None}
ROWS = [
    dense("llama-7b"),
    cell("wanda", "median", model="llama-7b", **DLP, statistic="median"),
    cell("wanda", "mean", model="llama-7b", **DLP, statistic="mean"),
    cell("wanda", "wide", model="llama-7b", **DLP | {"epsilon": 0.2}, statistic="median"),
    cell("wanda", "parts", model="llama-7b", **LSA, parts="matrix"),
    cell("wanda", "sparser", model="llama-7b", **DLP, statistic="median") | {"sparsity": 0.8},
    cell("wanda", "bound", model="llama-7b", **DLP, statistic="median", bounds=[0.1, 0.9]),
]


def test_a_result_is_beside_the_cells_that_have_its_settings_and_sparsity():
    cells, _ = tables(ROWS, range(5, 12))
    found = pd.DataFrame(beside_published(SHIPPED, over_seeds(cells), protocols()))
    assert found[["allocation", "reference", "ours"]].to_numpy().tolist() == [
        ["median", 20.46, 6],
        ["mean", 21.03, 7],
        ["parts", 24.82, 9],
    ]
    assert set(found["quantity"]) == {"ppl_wikitext2"} and set(found["tuned_on"]) == {"not said"}


def test_a_result_by_another_protocol_of_ours_has_the_name_of_its_column():
    cells, _ = tables(ROWS, range(5, 12))
    cells["perplexity:other"] = 40.0
    other = protocols(column="perplexity:other")
    found = pd.DataFrame(beside_published(SHIPPED, over_seeds(cells), other))
    assert set(found["quantity"]) == {"ppl:other"} and set(found["ours"]) == {40.0}
    found = with_intervals(found, cells, [np.ones(30)] * len(cells))
    assert found["difference"][0] == pytest.approx(np.log(40 / 20.46))
    assert found[["low", "high"]].isna().all(axis=None)


@pytest.mark.parametrize("windows", [FEWEST - 1, 60])
def test_the_interval_is_that_of_our_windows(windows):
    cells, _ = tables(ROWS, range(5, 12))
    losses = [np.random.default_rng(n).normal(3, 0.3, windows) for n in range(len(cells))]
    cells["perplexity"] = [np.exp(own.mean()) for own in losses]
    found = pd.DataFrame(beside_published(SHIPPED, over_seeds(cells), protocols()))
    row = with_intervals(found, cells, losses).iloc[0]
    assert row["difference"] == pytest.approx(losses[1].mean() - np.log(20.46))
    if windows < FEWEST:
        assert pd.isna(row["low"])
        return
    error = losses[1].std() / np.sqrt(windows)
    assert row["high"] - row["low"] == pytest.approx(2 * 1.96 * error, rel=0.05)
    assert row["low"] < row["difference"] < row["high"]


def test_the_shipped_config_has_a_cell_for_every_result_of_its_models():
    schema, config = (
        yaml.safe_load((ROOT / f"config/{name}.yaml").read_text())
        for name in ("schema", "published_tables")
    )
    found = checked(config, schema, [ROOT])
    assert found["reference"] == ["resources/anchors/perplexity.csv"]
    rows = [
        cell(method, name, model=model, metric=None)
        | {"grouping": None, "epsilon": None}
        | own
        | {"epsilon": epsilon_at(own["epsilon"], model, method, 0.7) if "epsilon" in own else None}
        for model, method, (name, own) in itertools.product(
            found["models"], found["methods"], found["allocations"].items()
        )
        if model in own.get("models", [model])
    ]
    cells = over_seeds(tables(rows, range(len(rows)))[0])
    wanted = [row for row in SHIPPED if row["model"] in found["models"]]
    assert len(wanted) > 20
    assert [row for row in wanted if not matches(row, cells).any()] == []


def test_the_shipped_results_say_what_a_table_needs():
    assert len(SHIPPED) == len({tuple(row.items()) for row in SHIPPED}) > 30
    assert {row["read"] for row in SHIPPED} == {"paper"}
