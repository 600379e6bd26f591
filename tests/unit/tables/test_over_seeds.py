import math
import statistics as standard

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heavytail.tables.markdown import readable
from heavytail.tables.over_seeds import over_seeds, spread, statistics
from support.records import cell, dense, every, tables


def of_seeds(perplexities):
    rows = [dense(), *(cell("wanda", "gt", seed) for seed in range(len(perplexities)))]
    cells, _ = tables(rows, (5.0, *perplexities))
    return over_seeds(cells)


@given(st.lists(st.floats(1, 1e5), min_size=2, max_size=5))
def test_mean_and_deviation_are_those_of_the_standard_library(values):
    found = of_seeds(values).iloc[1]
    assert found["seeds"] == len(values) and found["perplexity_nan"] == 0
    assert found["perplexity"] == pytest.approx(standard.fmean(values))
    assert found["perplexity_sd"] == pytest.approx(standard.stdev(values), abs=1e-6)


def test_one_seed_has_no_deviation_and_a_seed_without_a_number_leaves_no_mean():
    single = of_seeds([10.0]).iloc[1]
    assert single["perplexity"] == 10.0 and math.isnan(single["perplexity_sd"])
    broken = of_seeds([10.0, None, 14.0]).iloc[1]
    assert math.isnan(broken["perplexity"]) and math.isnan(broken["perplexity_sd"])
    assert (broken["perplexity_nan"], broken["seeds"]) == (1, 3)


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ([24.125], "24.12"),
        ([None], "nan"),
        ([10.0, 14.0], "12.00 ± 2.83"),
        ([2e5, 4e5], "3.0e5 ± 1.4e5"),
        ([10.0, None, 14.0], "nan (1 of 3 seeds)"),
    ],
)
def test_seeds_are_told_as_mean_and_deviation(values, text):
    rows = [cell("wanda", "gt", seed) for seed in range(len(values))]
    cells, _ = tables(rows, values)
    found = statistics(cells.groupby("method")["perplexity"]).iloc[0]
    assert spread(found, readable) == text


def test_settings_stay_and_cells_keep_their_order():
    rows = every(["wanda", "magnitude"], ["qk", "gt"], [0, 1])
    cells, _ = tables(rows, range(1, 10))
    found = over_seeds(cells)
    assert found["allocation"].tolist()[1:] == ["qk", "gt", "qk", "gt"]
    assert found["grouping"].tolist()[1:] == ["qk", "gt", "qk", "gt"]
    assert found["perplexity"].tolist() == [1, 2.5, 4.5, 6.5, 8.5]


def test_a_number_of_the_cells_is_no_setting_wherever_its_column_stands():
    cells, _ = tables([cell("wanda", "gt", seed) for seed in (0, 1)], (1, 2))
    cells.insert(0, "joules", [3.0, 4.0])
    found = over_seeds(cells)
    assert "joules" not in found and found["grouping"].tolist() == ["gt"]
