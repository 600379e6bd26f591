"""A search ends nearer to the dense model, and a killed one ends the same."""

import logging
import math

import numpy as np
import pytest
from safetensors.torch import save_file

from heavytail.allocation.allocators import search as allocator
from heavytail.allocation.ratios import ratios_of
from heavytail.allocation.table import read_ratios, write_ratios
from heavytail.config.search import PROBES, STEPS, tokens_of_sweep
from heavytail.evaluation.search import levels
from heavytail.evaluation.search import search as script
from heavytail.evaluation.search.evolution import Space
from heavytail.evaluation.search.search import search_allocation
from heavytail.io.files import read_json
from heavytail.models.checkpoint import Checkpoint
from heavytail.tables.status import Job
from heavytail.tables.watching import snapshot
from support.experts import EXPERTS, SHAPE
from support.pruned_cells import windows
from support.tiny_model import save_model

SETTINGS = {"sparsity": 0.6, "population": 6, "generations": 5, "tokens": [12, 144], "levels": 6}
SETTINGS |= {"seed": 0}


def files_of(model_folder, tmp_path) -> dict[str, str]:
    """What a search of a model reads."""
    save_file({"input_ids": windows(8, 40, seed=1)}, tmp_path / "calibration")
    save_file({"input_ids": windows(4, 36, seed=2)}, tmp_path / "validation")
    (model_folder / "provenance.json").write_text("{}")
    shapes = Checkpoint(model_folder).matrices()
    ratios = ratios_of(
        shapes,
        {"allocator": "depth_linear", "epsilon": 0.3, "sparsity": 0.6, "group_size": None},
        {},
    )
    sizes = {matrix: math.prod(shape) for matrix, shape in shapes.items()}
    write_ratios(tmp_path / "start.csv", sizes, list(ratios.values()))
    names = {name: str(tmp_path / name) for name in ("calibration", "validation")}
    model = {"model": str(model_folder / "provenance.json")}
    return {**model, "start": str(tmp_path / "start.csv"), **names}


@pytest.fixture
def files(model_folder, tmp_path) -> dict[str, str]:
    return files_of(model_folder, tmp_path)


def pruning(method: str) -> dict:
    way = None if method == "magnitude" else "exact"
    return {"method": method, "within_block": way, "group_size": None, "code": ""}


def outputs(folder, name: str) -> tuple[str, str]:
    return str(folder / f"{name}.csv"), str(folder / f"{name}.json")


@pytest.mark.parametrize("method", ["magnitude", "wanda", "sparsegpt"])
def test_a_search_ends_nearer_and_says_what_it_cost(files, tmp_path, method):
    if method == "magnitude":
        del files["calibration"]
    table, record = outputs(tmp_path, "found")
    search_allocation(files, SETTINGS, pruning(method), float("inf"), (table, record))
    found = read_json(record)
    assert found["kept"] == "found"
    assert found["divergence"]["found"] < found["divergence"]["start"]
    assert len(found["history"]) == found["generations"] == 5
    # The parent and each matrix with a level more on 12 tokens, the parent and the steps on 144.
    # Six children on 12; then one of them and the parent on 144; at the end both on all.
    # The calibration text goes through the start's cell twice, the sweep's, and that of the found.
    ratios, sizes = read_ratios(table)
    sweep = (1 + len(sizes)) * 12 + (1 + len(STEPS)) * 144
    assert found["tokens"] == {
        "pruned": sweep + 5 * (6 * 12 + 2 * 144) + 2 * 4 * 36,
        "calibration": 0 if method == "magnitude" else 4 * 8 * 40,
        "dense": 4 * 36,
    }
    assert len(found["sweeps"]) == 1
    # As much as is asked for, but for the matrices that the model does not have.
    assert sweep == tokens_of_sweep(SETTINGS) - (PROBES - len(sizes)) * 12
    weights = np.array([*sizes.values()])
    values = np.array([*ratios.values()])
    assert values @ weights / weights.sum() == pytest.approx(0.6, abs=1e-12)
    assert values.min() >= 0.6 - 6 / 32 and values.max() <= 0.6 + 6 / 32
    assert ratios != read_ratios(files["start"])[0]
    assert not list(tmp_path.glob(".found*"))
    assert allocator.ratios(sizes, {"sparsity": 0.6}, table).tolist() == [*ratios.values()]


@pytest.mark.parametrize("method", ["wanda", "sparsegpt"])
@pytest.mark.parametrize(("calls", "again"), [(2, 0), (6, 2), (9, 0), (10, 1), (15, 0), (29, 1)])
def test_a_killed_search_goes_on_and_ends_the_same(
    files, tmp_path, monkeypatch, method, calls, again
):
    """Killed among probes and steps, right after a sweep, in a generation, and at the end."""
    monkeypatch.setattr(script, "RENEWED", 3)
    whole, killed = outputs(tmp_path, "whole"), outputs(tmp_path, "killed")
    search_allocation(files, SETTINGS, pruning(method), float("inf"), whole)
    real, done, lives = script.Divergence.of, [], iter([False])

    def dying(self, *arguments):
        if len(done) == calls and not next(lives, True):
            raise KeyboardInterrupt
        done.append(arguments)
        return real(self, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(script.Divergence, "of", dying)
        with pytest.raises(KeyboardInterrupt):
            search_allocation(files, SETTINGS, pruning(method), float("inf"), killed)
        assert not (tmp_path / "killed.csv").exists()
        search_allocation(files, SETTINGS, pruning(method), float("inf"), killed)
    assert_same(whole, killed)
    # A sweep takes 4 and 5 calls, a generation 2, and 2 compare. All but probes begins again.
    assert len(done) == 2 * (4 + 5) + 5 * 2 + 2 + again


def assert_same(one: tuple[str, str], other: tuple[str, str]) -> None:
    """Two searches found the same and say the same of the way there."""
    first, second = read_json(one[1]), read_json(other[1])
    for key in ("divergence", "history", "sweeps", "tokens", "generations"):
        assert first[key] == second[key], key
    assert read_ratios(one[0]) == read_ratios(other[0])


def test_a_search_that_is_killed_while_it_prunes_anew_ends_the_same(files, tmp_path, monkeypatch):
    monkeypatch.setattr(script, "RENEWED", 2)
    whole, killed = outputs(tmp_path, "whole"), outputs(tmp_path, "killed")
    search_allocation(files, SETTINGS, pruning("sparsegpt"), float("inf"), whole)
    real, marks = levels.Levels._stage, []

    def dying(self, cell, index, *arguments):
        marks.append(index)
        # In the middle of the second time.
        if marks.count(0) > 7 and index == 1:
            raise KeyboardInterrupt
        return real(self, cell, index, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(levels.Levels, "_stage", dying)
        with pytest.raises(KeyboardInterrupt):
            search_allocation(files, SETTINGS, pruning("sparsegpt"), float("inf"), killed)
    search_allocation(files, SETTINGS, pruning("sparsegpt"), float("inf"), killed)
    assert_same(whole, killed)


def test_each_expert_gets_a_ratio_of_its_own(tmp_path):
    folder = save_model(tmp_path / "model", "mixtral", **SHAPE)
    table, record = outputs(tmp_path, "found")
    files = files_of(folder, tmp_path)
    settings = SETTINGS | {"tokens": [144]}
    search_allocation(files, settings, pruning("wanda"), float("inf"), (table, record))
    ratios, sizes = read_ratios(table)
    assert list(ratios) == list(Checkpoint(folder).matrices()) and (1, "down_proj.7") in ratios
    values, weights = np.array([*ratios.values()]), np.array([*sizes.values()])
    assert values @ weights / weights.sum() == pytest.approx(0.6, abs=1e-12)
    assert len({ratios[0, f"up_proj.{expert}"] for expert in range(EXPERTS)}) > 1
    found = read_json(record)["divergence"]
    assert found["found"] < found["start"]


def test_the_log_counts_generations_for_those_who_watch(files, tmp_path, caplog):
    real, seen = script.Search.after, []

    def watched(self, state):
        if state["generation"] == 2 and len(seen) < 3:
            raise KeyboardInterrupt
        seen.append(counter(caplog.text))
        return real(self, state)

    def counter(text: str) -> str:
        job = Job("search_allocation", [], ["ratios"], False, ("results/logs/search.log",))
        found = snapshot([job], ["ratios"], {}.get, lambda _: text, lambda _: [], [])
        return next(iter(found.working.values()))

    caplog.set_level(logging.INFO)
    arguments = files, SETTINGS, pruning("wanda"), float("inf"), outputs(tmp_path, "found")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(script.Search, "after", watched)
        with pytest.raises(KeyboardInterrupt):
            search_allocation(*arguments)
        # Before the first: the sweep.
        assert seen == ["probe 21 of 21", "generation 1 of 5"]
        caplog.clear()
        seen += ["resumed"]
        search_allocation(*arguments)
    assert seen[3:] == [f"generation {number} of 5" for number in (2, 3, 4)]
    assert counter(caplog.text) == "generation 5 of 5"


def test_another_seed_or_another_start_is_another_search(files, tmp_path, monkeypatch):
    output = outputs(tmp_path, "one")
    monkeypatch.setattr(script, "write_ratios", lambda *_: (_ for _ in ()).throw(OSError("full")))
    states = []
    real = script.Search.state
    monkeypatch.setattr(
        script.Search, "state", lambda self: states.append(real(self)) or states[-1]
    )
    for seed in (0, 0, 1):
        with pytest.raises(OSError, match="full"):
            settings = SETTINGS | {"seed": seed}
            search_allocation(files, settings, pruning("magnitude"), float("inf"), output)
    assert [state["generation"] for state in states] == [0, 5, 0]


# A sweep of six probes at a time in which nothing changes anything, and then its steps.
LEVEL = [[1.0] * count for count in (6, 6, 6, 4, *[1] * (1 + len(STEPS)))]


def test_what_is_worse_on_all_of_the_text_does_not_win(files, tmp_path, monkeypatch):
    table, record = outputs(tmp_path, "found")
    of = iter([*LEVEL, [1.0] * 6, [2.0, 1.0], [1.0], [math.nan]])
    monkeypatch.setattr(script.Divergence, "of", lambda *_: next(of))
    settings = SETTINGS | {"generations": 1}
    search_allocation(files, settings, pruning("magnitude"), float("inf"), (table, record))
    found = read_json(record)
    assert found["history"] == [[2.0, 1.0]] and found["kept"] == "start"
    assert found["divergence"] == {"start": 1.0, "found": None}
    start = read_ratios(files["start"])[0]
    assert [*read_ratios(table)[0].values()] == pytest.approx([*start.values()], abs=1e-9)


def test_of_equals_the_parent_stays(files, tmp_path, monkeypatch):
    of = iter([*LEVEL, [1.0] * 6, [1.0, 1.0]])
    monkeypatch.setattr(script.Divergence, "of", lambda *_: next(of))
    search = script.Search(
        files, SETTINGS, pruning("magnitude"), float("inf"), str(tmp_path / "one.csv")
    )
    state = search.after(search.swept(search.state()))
    assert not any(state["moved"]) and state["history"] == [[1.0, 1.0]]


def begun(files, tmp_path) -> script.Search:
    output = str(tmp_path / "one.csv")
    return script.Search(files, SETTINGS, pruning("magnitude"), float("inf"), output)


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
    monkeypatch.setattr(script, "RENEWED", 3)
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
