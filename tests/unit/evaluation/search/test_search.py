"""A search ends nearer to the dense model, and a killed one ends the same."""

import logging
import math

import numpy as np
import pytest

from heavytail.allocation.allocators import search as allocator
from heavytail.allocation.table import read_ratios
from heavytail.config.search import PROBES, STEPS, tokens_of_sweep
from heavytail.evaluation.search import levels
from heavytail.evaluation.search import search as script
from heavytail.evaluation.search.search import search_allocation
from heavytail.io.files import read_json
from heavytail.models.checkpoint import Checkpoint
from heavytail.tables.status import Job
from heavytail.tables.watching import snapshot
from support.experts import EXPERTS, SHAPE
from support.searches import LEVEL, SETTINGS, begun, files_of, outputs, pruning
from support.tiny_model import save_model


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
    # The calibration text goes through cells before and after each of two sweeps, and the last two.
    ratios, sizes = read_ratios(table)
    sweep = (1 + len(sizes)) * 12 + (1 + len(STEPS)) * 144
    assert found["tokens"] == {
        "pruned": 2 * sweep + 5 * (6 * 12 + 2 * 144) + 2 * 4 * 36,
        "calibration": 0 if method == "magnitude" else 6 * 8 * 40,
        "dense": 4 * 36,
    }
    assert len(found["sweeps"]) == 2
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
        # Before the first and the fourth: a sweep.
        assert seen == ["probe 21 of 21", "generation 1 of 5"]
        caplog.clear()
        seen += ["resumed"]
        search_allocation(*arguments)
    assert seen[3:] == ["generation 2 of 5", "probe 21 of 21", "generation 4 of 5"]
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
    search = begun(files, tmp_path)
    state = search.after(search.swept(search.state()))
    assert not any(state["moved"]) and state["history"] == [[1.0, 1.0]]
