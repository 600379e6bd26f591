"""Local texts and tasks: what is made of them, and that their content counts, not their times."""

import gzip
import json
import os
from pathlib import Path

import pytest

from heavytail.io.files import read_json, sha256
from heavytail.tables.cells import read_csv
from support.bad_tasks import GOOD
from support.own_tasks import write_own_tasks
from support.project import Project, copy_workflow

pytestmark = pytest.mark.slow
TEXTS = {
    "folder": {"path": "texts"},
    "rows": {"path": "rows.jsonl.gz", "field": "body", "splits": {"calibration": 0.5, "test": 0.5}},
}


def run_texts_and_tasks(place: Path) -> None:
    project = copy_workflow(place)
    folder = project.folder / "texts"
    folder.mkdir()
    for number in range(20):
        (folder / f"{number}.txt").write_text(f"the folder's document {number}, " * 30)
    rows = [{"body": f"row number {number} of a file, " * 30} for number in range(20)]
    with gzip.open(project.folder / "rows.jsonl.gz", "wt") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)
    (project.folder / "t.yaml").write_text(GOOD)
    write_own_tasks(project.folder)
    examples = [{"input": f"{n} is", "choices": [str(n), "?"], "label": 0} for n in range(30)]
    (project.folder / "own.json").write_text(json.dumps({"examples": examples}))
    project.configure(
        texts=TEXTS,
        methods=["wanda"],
        allocations={"uniform": {"allocator": "uniform"}},
        calibration={"dataset": {"folder": 0.5, "rows": 0.5}, "samples": 4, "length": 32},
        evaluation=[
            {"dataset": "rows", "length": 32, "windows": 8},
            {"dataset": "folder", "length": 32, "windows": 8, "bos": "windows"},
            {"dataset": "rows", "length": 32, "unit": "word"},
        ],
        tasks=[
            {"path": "t.yaml", "limit": 20, "shots": 1},
            {"path": "both.yaml", "limit": 20},
            {"path": "words.yaml"},
            {"path": "pages.yaml"},
            {"path": "writing.yaml", "limit": 4},
        ],
    )
    project.run()


@pytest.fixture
def made(shared) -> Project:
    """A matrix of local texts and tasks; to be read."""
    return shared("texts", run_texts_and_tasks)


@pytest.fixture
def changed(made, tmp_path) -> Project:
    """A copy of it."""
    return made.copied(tmp_path / "project")


def test_a_record_says_which_text_it_is_of(made):
    record = read_json(made.folder / "results/perplexity/tiny/wanda/0.6/uniform/seed-0.json")
    assert (record["dataset"], record["source"]) == ("rows", "rows.jsonl.gz")
    assert record["documents"] == "10" and len(record["revision"]) == 64
    path = made.folder / "results/data/rows/test.jsonl"
    assert record["documents_sha256"] == sha256(path)


def test_every_protocol_and_every_kind_of_task_stands_in_the_tables(made):
    cells = read_csv(made.folder / "results/tables/cells.csv")
    protocols = read_csv(made.folder / "results/tables/protocols.csv")["column"]
    assert len(protocols) == 3 and cells[list(protocols)].notna().all(axis=None)
    scores = read_csv(made.folder / "results/tables/zero_shot.csv")
    dense = scores[(scores["method"] == "dense") & scores["counts"]].set_index("task")
    assert dense["number"].to_dict() == {
        "own": "acc",
        "both": "acc",
        "words": "perplexity",
        "pages": "word_perplexity",
        "writing": "exact_match,number",
    }
    assert dense["shots"].to_dict() == {"own": 1, "both": 0, "words": 0, "pages": 0, "writing": 2}
    assert set(dense.index[dense["higher"].eq(False)]) == {"words", "pages"}
    share = dense["weight"]
    assert share[["own", "both", "writing"]].eq(1 / 3).all() and share.sum() == 1
    mean = cells.loc[cells["method"] == "dense", "zero_shot_mean"].item()
    assert mean == pytest.approx((dense["value"] * share).sum())
    page = (made.folder / "results/tables/tiny.md").read_text()
    for title in (
        "own, 1 shot",
        "pages, word_perplexity ↓",
        "writing, exact_match,number, 2 shots",
    ):
        assert title in page
    assert "sums" not in page, "a group stands for its tasks"


def test_the_content_of_a_local_task_counts(changed):
    record = read_json(changed.folder / "results/zero_shot/tiny/dense.json")
    assert len(record["results"]["outcomes"]["own"]) == 20
    os.utime(changed.folder / "own.json")
    assert changed.planned() == {}
    before = (changed.folder / "own.json").read_text()
    changed.edit("own.json", "3 is", "three is")
    assert {"read_task", "evaluate_zero_shot"} <= set(changed.planned())
    assert "prune_cell" not in changed.planned()
    (changed.folder / "own.json").write_text(before)


def test_the_content_of_a_local_text_counts_and_not_its_time(changed):
    for path in (changed.folder / "texts").iterdir():
        os.utime(path)
    assert changed.planned() == {}
    (changed.folder / "texts").rename(changed.folder / "moved")
    (changed.folder / "texts").symlink_to("moved")
    assert changed.planned() == {}
    own = [json.loads(line)["name"] for line in frozen(changed).read_text().splitlines()]
    (changed.folder / "texts" / own[0]).write_text("another document, " * 40)
    assert set(changed.planned()) >= {"read_text", "freeze_calibration"}
    changed.run()
    assert changed.planned() == {}


def frozen(changed):
    return changed.folder / "results/data/folder/calibration.jsonl"
