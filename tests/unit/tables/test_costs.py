"""What jobs have cost, from the files that they leave."""

from pathlib import Path

from heavytail.running.store import Work, once
from heavytail.tables.costs import Cost, costs


def test_jobs_are_read_with_their_rule_and_place_and_whether_they_computed(tmp_path, caplog):
    caplog.set_level("INFO")
    benchmarks, logs = tmp_path / "benchmarks", tmp_path / "logs"
    work = Work("r", {}, {}, {"record": str(tmp_path / "out")}, 1)
    for _ in range(2):
        once(tmp_path / "store", work, lambda: (tmp_path / "out").write_text("x") and None)
    for name, line, said in (
        ("prune_cell/llama-2.7b/wanda/0.7/gt/seed-0", "2.5\t0:00:02\t400.5", "block 1 of 2\n"),
        ("prune_cell/llama-2.7b/wanda/0.7/qk/seed-0", "0.2\t0:00:00\tNA", caplog.text),
        ("collect_cells", "9.0\t0:00:09\t10", None),
    ):
        path = benchmarks / f"{name}.tsv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"s\th:m:s\tmax_rss\n{line}\n")
        if said:
            log = logs / f"{name}.log"
            log.parent.mkdir(parents=True, exist_ok=True)
            log.write_text(said)
    found = list(costs(benchmarks, logs))
    assert found == [
        Cost("collect_cells", "", 9.0, 10.0, False),
        Cost("prune_cell", "llama-2.7b/wanda/0.7/gt/seed-0", 2.5, 400.5, False),
        Cost("prune_cell", "llama-2.7b/wanda/0.7/qk/seed-0", 0.2, None, True),
    ]
    assert list(costs(benchmarks, logs, "collect_cells")) == found[:1]
    assert list(costs(Path(tmp_path / "none"), logs)) == []
