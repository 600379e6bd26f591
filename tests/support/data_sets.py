"""The hub's data sets, tiny: the repositories, files and columns of the real ones, made-up rows."""

import gzip
import json
from pathlib import Path

import datasets
import pyarrow.parquet as pq
import yaml

from heavytail.config.tasks import TASKS
from heavytail.config.texts import TEXTS, source_of
from heavytail.data import python_tasks
from support.hub_server import Hub, Repository

ARC = [
    {
        "id": "Mercury_1",
        "question": "Which is {{a}} star?",
        "choices": {"text": ["Mars", "The Sun"], "label": ["A", "B"]},
        "answerKey": "B",
    },
    {
        "id": "Mercury_2",
        "question": "What melts?",
        "choices": {"text": ["ice", "sand", "iron"], "label": ["1", "2", "3"]},
        "answerKey": "1",
    },
]
RTE = [
    {"sentence1": "It rains.", "sentence2": "It is wet.", "label": 0, "idx": 0},
    {"sentence1": "It snows.", "sentence2": "It is hot.", "label": 1, "idx": 1},
]
WINOGRANDE = [
    {"sentence": "Ann met Eve, so _ waved.", "option1": "Ann", "option2": "Eve", "answer": "2"}
] * 2
OPENBOOKQA = [
    {
        "id": "7-1",
        "question_stem": "Frogs eat",
        "choices": {"text": ["flies", "cars", "rocks", "tin"], "label": ["A", "B", "C", "D"]},
        "answerKey": "A",
    }
] * 2
HELLASWAG = [
    {
        "ind": 24,
        "activity_label": "Roof",
        "ctx_a": "A man sits.",
        "ctx_b": "he",
        "ctx": "A man sits. he",
        "endings": ["sings [title] loud.", "eats  up.", "runs.", "naps [x]on."],
        "source_id": "activitynet~v_1",
        "split": "val",
        "split_type": "indomain",
        "label": "3",
    }
] * 2
BOOLQ = [{"question": "is ice cold", "passage": "Ice is cold.", "idx": 0, "label": 1}] * 2
# (text, split) → what the job that fetches it is told.
HUB_SPLITS = {
    (name, split): source_of(text, split)
    for name, text in TEXTS.items()
    for split in text.files
    if text.revision
}
# task → repository, configuration, scored split, rows.
TASK_DATA = {
    "arc_easy": ("allenai/ai2_arc", "ARC-Easy", "test", ARC),
    "arc_challenge": ("allenai/ai2_arc", "ARC-Challenge", "test", ARC),
    "rte": ("nyu-mll/glue", "rte", "validation", RTE),
    "winogrande": ("allenai/winogrande", "winogrande_xl", "validation", WINOGRANDE),
    "openbookqa": ("allenai/openbookqa", "main", "test", OPENBOOKQA),
    "hellaswag": ("Rowan/hellaswag", "default", "validation", HELLASWAG),
    "boolq": ("aps/super_glue", "boolq", "validation", BOOLQ),
}


def text_rows(place: str) -> list[dict]:
    """Documents that say where they are from, each of a few hundred characters."""
    return [{"text": f"{place} {number} " * 40} for number in range(12)]


def publish(hub: Hub, folder: Path) -> None:
    """Let the hub serve every data set that the workflow may fetch, at its pinned revision."""
    for task, data in TASK_DATA.items():
        publish_task(hub, folder, TASKS[task].revision, *data)
    for source in HUB_SPLITS.values():
        publish_text(hub, folder, source)


def publish_task(
    hub: Hub,
    folder: Path,
    revision: str,
    repository: str,
    name: str,
    split: str,
    rows: list[dict],
    examples: str = "train",
) -> None:
    """Let the hub serve the configuration `name` of a task's data set, beside its others.

    Args:
        hub, folder: what serves it, and where its files go.
        revision, repository, name: of the data set.
        split, rows: what is scored.
        examples: the split that has the first row alone, for shots.
    """
    place = "data" if name == "default" else name
    hub.repositories[f"datasets/{repository}"] = Repository(folder / repository, revision)
    files = {split: rows, examples: rows[:1]}
    for part, own in files.items():
        write_parquet(folder / repository / place / f"{part}-00000-of-00001.parquet", own)
    paths = [{"split": part, "path": f"{place}/{part}-*"} for part in files]
    card = folder / repository / "README.md"
    found = yaml.safe_load(card.read_text().strip("-\n"))["configs"] if card.exists() else []
    configs = [*found, {"config_name": name, "data_files": paths}]
    card.write_text(f"---\n{yaml.safe_dump({'configs': configs})}---\n")


def publish_text(hub: Hub, folder: Path, source: dict[str, str]) -> None:
    """Let the hub serve one split of a text."""
    repository = Repository(folder / source["hub"], source["revision"])
    hub.repositories[f"datasets/{source['hub']}"] = repository
    file = repository.folder / source["file"]
    if file.suffix == ".parquet":
        write_parquet(file, text_rows(source["file"]))
        return
    lines = "".join(json.dumps(row | {"url": "u"}) + "\n" for row in text_rows(source["file"]))
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(gzip.compress(lines.encode(), mtime=0))


def write_parquet(file: Path, rows: list[dict]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(datasets.Dataset.from_list(rows).data.table, file)


def task_yaml(task: str, data_file: str) -> dict:
    """lm-eval's configuration of a multiple-choice task whose rows are in a JSON Lines file."""
    config = python_tasks.entry(task)["tasks"][task]
    files = {"data_files": {"test": data_file}}
    return config | {"dataset_path": "json", "dataset_kwargs": files}
