"""Finished results, kept by what they depend on."""

import json
import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from heavytail.running import store
from heavytail.running.store import Work, once, unused


@pytest.fixture
def work(tmp_path, monkeypatch) -> Work:
    """Something to do, in the folder of this test."""
    monkeypatch.chdir(tmp_path)
    Path("a.csv").write_text("1")
    Path("b.csv").write_text("2")
    inputs = {"one": "a.csv", "many": ["a.csv", "b.csv"], "none": []}
    return Work("prune", {"digest": "x"}, inputs, {"made": "made.bin", "record": "r.json"}, 1)


class Compute:
    """Writes the outputs of a work, and counts how often."""

    def __init__(self, work: Work):
        self.work, self.times = work, 0

    def __call__(self) -> None:
        self.times += 1
        for path in self.work.outputs.values():
            Path(path).write_text(f"{path} {self.times}")


def made(work: Work) -> int:
    """How often `once` had to compute the outputs, which are there afterwards."""
    compute = Compute(work)
    once("store", work, compute)
    assert all(map(os.path.exists, work.outputs.values()))
    return compute.times


def test_equal_work_is_done_once_whatever_its_files_are_called(work):
    assert made(work) == 1
    before = Path("made.bin").read_bytes()
    for path in work.outputs.values():
        Path(path).unlink()
    Path("a.csv").rename("c.csv")
    inputs = {"one": "c.csv", "many": ["c.csv", "b.csv"]}
    again = replace(work, inputs=inputs, outputs={"made": "other.bin", "record": "other.json"})
    os.utime("c.csv")
    assert made(again) == 0
    assert Path("other.bin").read_bytes() == before
    assert os.stat("other.bin").st_mtime_ns >= os.stat("c.csv").st_mtime_ns
    assert os.stat("other.bin").st_nlink == 2, "no byte lies there twice"


def test_what_it_depends_on_makes_it_other_work(work, monkeypatch):
    assert made(work) == 1
    changes = [
        {"rule": "score"},
        {"params": {"digest": "y"}},
        {"threads": 2},
        {"inputs": work.inputs | {"many": ["b.csv", "a.csv"]}},
        {"outputs": {"made": "made.bin"}},
    ]
    keys = {work.key(), *(replace(work, **change).key() for change in changes)}
    assert len(keys) == 1 + len(changes)
    Path("b.csv").write_text("3")
    assert work.key() not in keys
    Path("b.csv").write_text("2")
    monkeypatch.setattr(store, "computing_device", lambda: "another")
    assert work.key() not in keys
    monkeypatch.undo()


def test_an_origin_counts_by_its_key(work):
    Path("x.origin.json").write_text(json.dumps({"key": "k", "inputs": ["here"]}))
    first = replace(work, inputs={"origin": "x.origin.json"}).key()
    Path("y.origin.json").write_text(json.dumps({"key": "k", "inputs": ["there"]}))
    assert replace(work, inputs={"origin": "y.origin.json"}).key() == first
    Path("y.origin.json").write_text(json.dumps({"key": "l", "inputs": ["there"]}))
    assert replace(work, inputs={"origin": "y.origin.json"}).key() != first


def test_a_failure_keeps_nothing_and_a_damaged_entry_is_made_again(work):
    def fail() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        once("store", work, fail)
    assert made(work) == 1
    # In place, as no job writes: the result and what is kept are one file.
    Path("made.bin").write_text("changed by hand")
    Path("made.bin").unlink()
    assert made(work) == 1
    assert made(work) == 0


@pytest.mark.parametrize("lost", ["entry.json", "made"])
def test_an_entry_that_lacks_a_file_is_made_again(work, lost):
    assert made(work) == 1
    (entry,) = Path("store").glob("??/*")
    (entry / lost).unlink()
    assert made(work) == 1


def test_where_there_are_no_hard_links_or_locks_the_work_is_done_all_the_same(work, monkeypatch):
    def refuse(*_):
        raise OSError("not here")

    monkeypatch.setattr(os, "link", refuse)
    monkeypatch.setattr(store.fcntl, "lockf", refuse)
    assert made(work) == 1
    assert made(work) == 1
    assert not list(Path("store").glob("??/*"))


def test_of_two_that_come_at_once_one_computes(work):
    """The other one is a process of its own, as every job is."""
    reading, writing = os.pipe()

    def slowly() -> None:
        os.write(writing, b"1")
        time.sleep(0.3)
        Compute(work)()

    child = os.fork()
    if child == 0:
        once("store", work, slowly)
        os._exit(0)
    assert os.read(reading, 1) == b"1", "it has begun"
    assert made(work) == 0
    os.waitpid(child, 0)


def test_what_no_result_links_to_is_unused(work):
    assert made(work) == 1
    assert unused("store") == {}
    Path("made.bin").unlink()
    (entry,) = Path("store").glob("??/*")
    assert unused("store") == {entry: len("made.bin 1")}, (
        "it can restore no longer what was deleted"
    )
    Path("r.json").unlink()
    assert unused("store") == {entry: len("made.bin 1") + len("r.json 1")}
    (entry.parent / ".left.part").mkdir()
    assert len(unused("store")) == 2
