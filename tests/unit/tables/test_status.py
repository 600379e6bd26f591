"""States and estimates from the log events of a plan."""

import logging

import pandas as pd
import pytest
from snakemake_interface_logger_plugins.common import LogEvent

from heavytail.tables.status import Job, Plan, cell_states, matrix, remaining

RECORDS = {
    name: [f"results/{stage}/m/{name}.json" for stage in ("perplexity", "zero_shot")]
    for name in ("dense", "wanda/0.6/b/seed-0", "wanda/0.6/a/seed-0", "owl/0.6/b/seed-0")
}
DENSE, FIRST, SECOND, THIRD = RECORDS
NOTHING = {"msg": "Nothing to be done", "levelname": "INFO"}


def event(rule: str, inputs: list, outputs: list, reason: str) -> dict:
    names = {"event": LogEvent.JOB_INFO, "rule_name": rule, "reason": reason}
    return names | {"input": inputs, "output": outputs, "log": None, "wildcards": {"model": "m"}}


def job(rule: str, *outputs: str, reason: str = "Missing output files") -> dict:
    return event(rule, ["x", "y, z"], list(outputs), reason)


TARGET = event(
    "all",
    [path for column in zip(*RECORDS.values(), strict=True) for path in column],
    [],
    "Forced execution",
)


def jobs_of(*events: dict) -> list[Job]:
    plan = Plan()
    # Of each job Snakemake also tells the command, and says what it does between them.
    for fields in (NOTHING, *events, {"event": LogEvent.SHELLCMD, "shellcmd": None}):
        plan.handle(logging.makeLogRecord(fields))
    return plan.jobs


def states(*events: dict, running: tuple = (), absent: tuple = ()) -> dict[str, str]:
    table = cell_states(jobs_of(*events), running, lambda path: path not in absent)
    assert set(table["model"]) == {"m"}
    return dict(zip(table["cell"], table["state"], strict=True))


def test_a_job_has_its_files_whatever_their_names():
    assert jobs_of(job("prune_cell", "a, b", "c")) == [
        Job("prune_cell", ["x", "y, z"], ["a, b", "c"], forced=False)
    ]


def test_without_a_job_all_is_done_in_the_order_of_the_target():
    assert list(states(TARGET).items()) == [(name, "done") for name in RECORDS]


def test_a_record_that_is_there_is_stale_and_one_that_lacks_is_missing():
    plan = job("evaluate_perplexity", RECORDS[FIRST][0]), TARGET
    assert states(*plan)[FIRST] == "stale"
    assert states(*plan, absent=RECORDS[FIRST][1:])[FIRST] == "missing"
    assert states(*plan)[SECOND] == "done"


def test_a_cell_is_running_whatever_stage_is_at_it():
    plan = job("prune_cell", f"results/pruned/m/{FIRST}.json"), TARGET
    for file in (f"results/pruned/m/{FIRST}.safetensors", RECORDS[FIRST][1]):
        found = states(*plan, running=(file,))
        assert [name for name, state in found.items() if state == "running"] == [FIRST]


def test_a_target_that_is_only_forced_is_neither_stale_nor_left():
    plan = job("evaluate_perplexity", RECORDS[FIRST][0], reason="Forced execution"), TARGET
    assert states(*plan)[FIRST] == "done"
    assert remaining(jobs_of(*plan), lambda _: [1.0]) == "Nothing is left to do."


def test_the_matrix_has_methods_as_columns_and_counts_the_states():
    states = dict(zip(RECORDS, ("done", "stale", "missing", "running"), strict=True))
    rows = [{"model": "m", "cell": name, "state": state} for name, state in states.items()]
    text = matrix(pd.DataFrame(rows)).splitlines()
    assert text[0] == "# m (dense: done)"
    cells = [[part.strip() for part in line.split("|")[1:-1]] for line in text if "|" in line]
    assert cells[0] == ["allocation", "sparsity", "seed", "wanda", "owl"]
    assert cells[2:] == [
        ["b", "0.6", "seed-0", "stale", "running"],
        ["a", "0.6", "seed-0", "missing", ""],
    ]
    assert text[-1].endswith(
        "4 cells, with the dense models: 1 done, 1 stale, 1 missing, 1 running."
    )


def test_time_left_is_the_mean_of_each_rule_times_its_jobs():
    plan = job("prune_cell", "a"), job("prune_cell", "b", "c"), job("fetch", "d"), TARGET
    seconds = {"prune_cell": [1.0, 3.0], "fetch": []}
    text = remaining(jobs_of(*plan), seconds.get)
    assert text.endswith(
        "3 jobs left: 4 s one after another, and 1 jobs of rules without a measured time."
    )
    row = next(line for line in text.splitlines() if "prune_cell" in line)
    assert [part.strip() for part in row.split("|")[1:-1]] == ["prune_cell", "2", "2.0", "4.0"]


@pytest.mark.parametrize("plan", [(), (NOTHING,)])
def test_a_plan_without_cells_is_no_error(plan):
    assert matrix(cell_states(jobs_of(*plan), (), bool)).startswith("0 cells")
