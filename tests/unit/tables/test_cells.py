import math

from heavytail.tables import cells as cell_table
from support.records import cell, dense, every, tables, written

ROWS = [
    dense(),
    cell("wanda", "gt", segments="own", blend={"weight": 0.5, "importance": "blocks"}),
    *(
        cell(method, allocation)
        for method, allocation in (("wanda", "uniform"), ("sparsegpt", "1e3"))
    ),
]
PERPLEXITY = (5.0, 24.125, 86.0, None)


def test_one_row_per_cell_with_the_contract_s_columns_and_dense_first():
    found, _ = tables(ROWS, PERPLEXITY)
    assert list(found.columns) == cell_table.COLUMNS
    assert found["method"].tolist() == ["dense", "wanda", "wanda", "sparsegpt"]
    assert found.loc[0, "realised_sparsity"] == 0 and found["sparsity"].isna()[0]
    assert math.isnan(found.loc[3, "perplexity"])


def test_settings_are_written_readably_and_read_back_as_text():
    found, _ = tables(ROWS, PERPLEXITY)
    assert found.loc[1, "blend"] == "weight=0.5 importance=blocks"
    assert found["blend"].isna().tolist() == [True, False, True, True]
    assert found.loc[1, ["segments", "epsilon", "sparsity"]].tolist() == ["own", "0.2", "0.7"]
    assert found.loc[3, "allocation"] == "1e3"


def test_without_tasks_there_are_no_zero_shot_numbers():
    found, scores = tables(ROWS, PERPLEXITY)
    assert found["zero_shot_mean"].isna().all() and scores.empty


def test_zero_shot_numbers_are_tidy():
    _, scores = tables(every(["wanda"], ["gt"]), (5.0, 6.0), [(0.75, 0.5), (0.25, None)])
    assert len(scores) == 2 * 2 * 2
    chosen = scores[(scores["task"] == "b") & (scores["number"] == "acc")]
    assert chosen["value"].tolist()[0] == 0.5 and math.isnan(chosen["value"].tolist()[1])


def test_an_empty_table_can_be_read(tmp_path):
    _, scores = tables(ROWS, PERPLEXITY)
    cell_table.write_csv(tmp_path / "a.csv", scores)
    assert list(cell_table.read_csv(tmp_path / "a.csv")) == list(written(scores))
