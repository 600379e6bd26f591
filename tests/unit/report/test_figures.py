"""Figures for papers: every one draws, with the same bytes, from the numbers beside it."""

import importlib
from pathlib import Path

import numpy as np
import pytest
from matplotlib import rc_context

from heavytail.report import figures
from heavytail.report.figures import paper
from support.made_up import datasets

NAMES = sorted(path.stem for path in Path(*figures.__path__).glob("*.py"))
NAMES = [name for name in NAMES if name not in ("__init__", "paper")]
DATA = datasets(seeds=(0, 1))


def drawn(name: str):
    module = importlib.import_module(f"heavytail.report.figures.{name}")
    with rc_context(paper.STYLE):
        return module.draw(module.data(DATA))


@pytest.mark.parametrize("form", ["svg", "pdf"])
@pytest.mark.parametrize("name", NAMES)
def test_a_figure_has_the_same_bytes_again(name, form, tmp_path):
    paths = [tmp_path / f"{turn}.{form}" for turn in (1, 2)]
    for path in paths:
        paper.save(drawn(name), str(path))
    one, other = (path.read_bytes() for path in paths)
    assert one == other and len(one) > 3000


@pytest.mark.parametrize("name", NAMES)
def test_a_figure_fits_a_column_or_a_page(name):
    assert drawn(name).get_size_inches()[0] in (paper.COLUMN, paper.PAGE)


def test_the_heat_map_says_every_number_that_it_has_as_data():
    module = importlib.import_module("heavytail.report.figures.matrix")
    table = module.data(DATA)
    texts = [text.get_text() for panel in drawn("matrix").axes for text in panel.texts]
    assert sorted(texts) == sorted(table["shown"]) and len(texts) == 3 * 4 * 2


def test_gains_stand_at_their_place_hollow_where_they_are_not_told_apart():
    module = importlib.import_module("heavytail.report.figures.gains")
    table = module.data(DATA)
    first = table.groupby(["method", "sparsity"], sort=False).get_group(("magnitude", "0.5"))
    _zero, told, alike = drawn("gains").axes[0].lines
    found = np.concatenate([told.get_xdata(), alike.get_xdata()])
    assert sorted(found) == sorted(first["gain"])
    assert alike.get_markerfacecolor() == "white" and len(told.get_xdata()) == sum(
        first["distinguishable"]
    )


def test_a_config_without_such_data_gets_a_figure_that_says_so(tmp_path):
    paper.save(paper.empty("nothing here"), str(tmp_path / "x.svg"))
    assert "nothing here" in (tmp_path / "x.svg").read_text()
