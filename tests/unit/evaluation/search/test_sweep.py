"""A sweep tries each matrix alone and moves all matrices at once."""

import math

import numpy as np
import pytest

from heavytail.config.search import STEPS
from heavytail.evaluation.search import search as script
from heavytail.evaluation.search.evolution import Space
from heavytail.evaluation.search.search import search_allocation
from support.searches import SETTINGS, begun, outputs, pruning


@pytest.mark.parametrize("best", [0, 2, 3])
def test_a_sweep_takes_the_step_that_ends_nearest(files, tmp_path, monkeypatch, best):
    monkeypatch.setattr(script, "PROBED", 4)
    search, read = begun(files, tmp_path), []
    costs = np.random.default_rng(7).normal(size=21)
    parent = np.array(search.state()["moved"])
    steps = [search.space.step(parent, np.arange(21), costs, levels) for levels in STEPS]
    tried = [parent, *steps]

    def known(_, candidates, drawn, length):
        read.append((len(candidates), len(drawn), length))
        if length == 4:
            return [2 + costs @ (one - parent) for one in candidates]
        ((place,),) = np.nonzero([(one == candidates[0]).all() for one in tried])
        return [1.0 if place == best else 5.0 + place]

    monkeypatch.setattr(script.Divergence, "of", known)
    state = search.swept(search.state())
    assert read == [*[(6, 3, 4)] * 3, (4, 3, 4), *[(1, 4, 36)] * 5]
    assert state["moved"] == tried[best].tolist() and state["probed"] == []
    assert state["sweeps"][0][best] == 1.0 and len(state["sweeps"][0]) == 5


def test_a_sweep_that_learns_nothing_moves_nothing(files, tmp_path, monkeypatch):
    search, seen = begun(files, tmp_path), []

    def lost(_, candidates, *text):
        seen.extend(candidates)
        return [math.nan] * len(candidates)

    monkeypatch.setattr(script.Divergence, "of", lost)
    state = search.swept(search.state())
    assert len(seen) == 22 + 5 and not np.any(seen[22:]) and not any(state["moved"])
    assert state["sweeps"] == [[None] * 5]


def test_no_step_leaves_more_matrices_on_the_disk_than_there_is_room_for(files, tmp_path):
    search = begun(files, tmp_path)
    real, held = search.divergence.of, []

    def watched(*arguments):
        held.append(sum(file.stat().st_size for file in folder.glob("*.safetensors")))
        return real(*arguments)

    folder, search.divergence.of = search.levels.folder / "matrices", watched
    # So that nothing but the parent's matrices stays.
    search.levels.room = 0
    parent = np.array(search.state()["moved"])
    search.divergence.of([parent], [0], 36)
    alone = sum(file.stat().st_size for file in folder.glob("*.safetensors"))
    search.swept(search.state())
    assert len(held) == 1 + 4 + 5 and alone > 0
    assert held[1:] == [alone] * 9


def test_no_step_ends_where_a_search_cannot_go_on(files, tmp_path, monkeypatch):
    """Near a bound, steps lead to corners from which no switch leads on."""
    random, stuck = np.random.default_rng(8), []
    real = Space.movable
    monkeypatch.setattr(script, "RENEWED", 1)
    monkeypatch.setattr(
        script.Divergence, "of", lambda _, some, *text: random.normal(size=len(some)).tolist()
    )

    def movable(self, moved):
        stuck.append(not real(self, moved))
        return not stuck[-1]

    monkeypatch.setattr(Space, "movable", movable)
    settings = SETTINGS | {"bounds": [0.595, 0.9], "generations": 20}
    output = outputs(tmp_path, "one")
    search_allocation(files, settings, pruning("magnitude"), float("inf"), output)
    assert any(stuck) and not all(stuck)


def test_inputs_are_measured_before_and_after_each_sweep(files, tmp_path, monkeypatch):
    measured, swept = {}, []
    real = script.Search.swept

    def watched(self, state):
        swept.append((state["moved"], real(self, state)["moved"]))
        return real(self, state)

    monkeypatch.setattr(script.Search, "swept", watched)
    monkeypatch.setattr(
        script.Search, "gather", lambda _, mark, moved: measured.setdefault(mark, moved.tolist())
    )
    output = outputs(tmp_path, "one")
    search_allocation(files, SETTINGS, pruning("magnitude"), float("inf"), output)
    marks = ["0, to sweep", "0, swept", "3, to sweep", "3, swept", "start", "found"]
    assert [*measured] == marks
    assert [measured[mark] for mark in marks[:4]] == [*swept[0], *swept[1]]
    assert swept[0][0] != swept[0][1] != swept[1][0]
