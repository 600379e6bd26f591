"""What is said of a run while it goes on."""

import io

from rich.console import Console

from heavytail.tables.status import Job
from heavytail.tables.watching import Snapshot, shown, snapshot, told, unfinished

CELL = "results/perplexity/m/wanda/0.7/gt/seed-0.json"
DENSE = "results/perplexity/m/dense.json"
LOG = "results/logs/evaluate_perplexity/m/wanda/0.7/gt/seed-0.log"
WORKING = Job("evaluate_perplexity", [], [CELL], False, (LOG,))
OTHER = Job("evaluate_perplexity", [], [DENSE], False, ("results/logs/other.log",))
TARGET = Job("all", [CELL, DENSE], [], True)
FAILED = "prune_cell m/[bold]: no memory (log: results/logs/prune_cell/m/x.log)"


def test_a_job_is_finished_once_all_its_outputs_are_new():
    before = {CELL: 1.0, DENSE: None}
    jobs = [WORKING, OTHER, TARGET]
    assert unfinished(jobs, before, before.get) == jobs
    assert unfinished(jobs, before, {CELL: 2.0, DENSE: None}.get) == [OTHER, TARGET]
    assert unfinished(jobs, before, {CELL: 1.0, DENSE: 2.0}.get) == [WORKING, TARGET]


def test_a_snapshot_has_cells_counters_times_and_failures():
    stamp = "2026-01-01 00:00:00,123 "
    counted = "".join(f"{stamp}block {number} of 8, 0.1 s\n" for number in (1, 2))
    logs = {LOG: counted, "a.log": f"told\n{FAILED}\n"}
    found = snapshot(
        [WORKING, OTHER, TARGET],
        [CELL],
        {DENSE: 1.0}.get,
        lambda path: logs.get(path, ""),
        lambda rule: [2.0, 4.0],
        [LOG, "a.log"],
    )
    assert found.cells == {"done": 0, "stale": 1, "missing": 0, "running": 1}
    assert found.working == {"evaluate_perplexity m/wanda/0.7/gt/seed-0": "block 2 of 8"}
    assert (found.left, found.seconds, found.failures) == (2, 6.0, (FAILED,))


def test_both_ways_of_showing_it_say_the_same_and_no_text_is_markup():
    cells = {"done": 3, "stale": 0, "missing": 4, "running": 1}
    found = Snapshot(cells, {"prune_cell m/[red]x": "block 2 of 8"}, 5, 61.4, (FAILED,))
    terminal = io.StringIO()
    Console(file=terminal, width=120, force_terminal=False).print(shown(found))
    parts = ("3 done, 0 stale, 4 missing, 1 running", "prune_cell m/[red]x", "block 2 of 8")
    for part in (*parts, "5 jobs left", "61 s one after another", FAILED):
        assert part in terminal.getvalue() and part in told(found)
    # Each stands on a line of its own.
    bar = next(line for line in terminal.getvalue().splitlines() if "━" in line)
    assert not bar.strip("━╸╺ ")
