"""Tables and plots of ratios."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from heavytail.allocation.table import write_ratios
from heavytail.tables.ratios import block_rows, page, sections
from plot_ratios import plot_ratios
from write_ratio_table import write_ratio_table

SIZES = {
    (block, name): size for block in range(3) for name, size in (("q_proj", 1), ("up_proj", 3))
}
# method, sparsity, allocation → ratio of every matrix
RATIOS = {
    ("magnitude", 0.5, "1"): [0.5] * 6,
    ("magnitude", 0.5, "gt"): [0.2, 0.2, 0.5, 0.5, 0.8, 0.8],
    ("wanda", 0.5, "1"): [0.5] * 6,
    ("wanda", 0.5, "gt"): [0.8, 0.2, 0.5, 0.5, 0.8, 0.7],
    ("sparsegpt", 0.5, "1"): [0.5] * 6,
    ("sparsegpt", 0.5, "gt"): [0.2, 0.2, 0.5, 0.5, 0.8, 0.8],
    ("magnitude", "2:4", "1"): [0.5] * 6,
    ("magnitude", "2:4", "gt"): [0.25, 0.25, 0.5, 0.5, 0.75, 0.75],
}


@pytest.fixture
def written(tmp_path) -> dict[str, str]:
    """The table of one model, tidy and as a page, and its plot."""
    paths = [str(tmp_path / f"{number}.csv") for number in range(len(RATIOS))]
    for path, ratios in zip(paths, RATIOS.values(), strict=True):
        write_ratios(path, SIZES, ratios)
    rows = [dict(zip(("method", "sparsity", "allocation"), key, strict=True)) for key in RATIOS]
    files = {"values": "t.csv", "matrices": "m.csv", "table": "t.md"}
    outputs = {name: str(tmp_path / file) for name, file in files.items()}
    write_ratio_table("m", rows, paths, outputs)
    plot_ratios("m", outputs["values"], str(tmp_path / "p.svg"))
    return outputs | {"plot": str(tmp_path / "p.svg")}


def test_matrices_weigh_by_their_size():
    ratios = dict(zip(SIZES, RATIOS["wanda", 0.5, "gt"], strict=True))
    rows = block_rows(ratios, SIZES)
    assert [row["parameters"] for row in rows] == [4, 4, 4]
    assert np.allclose([row["ratio"] for row in rows], [0.35, 0.5, 0.725])


def test_the_tidy_table_has_every_method(written):
    table = pd.read_csv(written["values"], dtype={"sparsity": str, "allocation": str})
    assert len(table) == 8 * 3
    chosen = table[(table["method"] == "sparsegpt") & (table["allocation"] == "gt")]
    assert chosen["ratio"].tolist() == [0.2, 0.5, 0.8] and set(chosen["sparsity"]) == {"0.5"}
    parts = [(sparsity, methods) for sparsity, methods, _ in sections(table)]
    assert parts == [("0.5", "magnitude, sparsegpt"), ("0.5", "wanda"), ("2:4", "magnitude")]


def test_the_table_of_matrices_has_the_ratios_as_they_were(written):
    table = pd.read_csv(written["matrices"], dtype={"sparsity": str, "allocation": str})
    assert len(table) == 8 * len(SIZES)
    chosen = table[(table["method"] == "wanda") & (table["allocation"] == "gt")]
    keys = list(zip(chosen["block"], chosen["projection"], strict=True))
    assert dict(zip(keys, chosen["ratio"], strict=True)) == dict(
        zip(SIZES, RATIOS["wanda", 0.5, "gt"], strict=True)
    )


def test_the_page_has_blocks_as_rows_and_the_whole_model_last(written):
    text = Path(written["table"]).read_text()
    assert re.findall("^## (.*)$", text, re.MULTILINE) == [
        "Sparsity 0.5: magnitude, sparsegpt",
        "Sparsity 0.5: wanda",
        "Sparsity 2:4: magnitude",
    ]
    rows = [re.findall(r"[\w.:]+", row) for row in re.findall(r"^\|.*$", text, re.MULTILINE)]
    assert rows[0] == ["block", "1", "gt"]
    assert rows[2] == ["0", "0.500", "0.200"] and rows[8] == ["0", "0.500", "0.350"]
    assert rows[11] == ["all", "0.500", "0.525"]


def test_the_plot_names_everything_and_has_the_same_bytes_again(written, tmp_path):
    plot = Path(written["plot"]).read_bytes()
    plot_ratios("m", written["values"], str(tmp_path / "again.svg"))
    assert (tmp_path / "again.svg").read_bytes() == plot
    texts = re.findall(r"<text[^>]*>([^<]*)</text>", plot.decode())
    assert {"m", "1", "gt", "block", "sparsity of the block"} <= set(texts)
    assert {"sparsity 0.5: magnitude, sparsegpt", "sparsity 2:4: magnitude"} <= set(texts)
    assert b"dc:date" not in plot


def test_a_large_matrix_has_a_page():
    rows = [
        {"method": m, "sparsity": s / 10, "allocation": f"a{a}", "block": b, "parameters": 1}
        | {"ratio": s / 10}
        for m in ("magnitude", "wanda")
        for s in range(1, 10)
        for a in range(20)
        for b in range(4)
    ]
    assert page("m", pd.DataFrame(rows)).count("## Sparsity") == 9
