"""The two files of a frozen entry of `tasks`, and lm-eval's own files, which are made of them.

The YAML file has the configurations of all tasks and groups of the entry. The JSON Lines file has
their rows: in each line the data set that a row is of, and the row. `unpack` makes of them a folder
that lm-eval reads, `lm_eval run --include_path FOLDER --tasks NAME` as well as we do.
"""

import json
from pathlib import Path
from typing import Any, TypedDict

import datasets
import yaml

from heavytail.config.lm_eval_configs import Function
from heavytail.io.files import read_lines, write_lines, write_text

Rows = dict[str, list[dict[str, Any]]]


class Entry(TypedDict):
    """What the YAML file has.

    Attributes:
        scores: what stands in tables, a task or a group → the number that counts.
        tasks: name → lm-eval's configuration, in which the file of a split is the name of a data
            set.
        groups: name → lm-eval's configuration of a group.
        features: data set → the types of its columns, as `datasets` writes them.
        metadata: where all of it comes from.
    """

    scores: dict[str, str]
    tasks: dict[str, dict[str, Any]]
    groups: dict[str, dict[str, Any]]
    features: dict[str, dict[str, Any] | None]
    metadata: dict[str, Any]


class _Dumper(yaml.SafeDumper):
    """Writes `Function` as lm-eval's `!function`."""

    def ignore_aliases(self, _data: object) -> bool:
        """No anchors: equal parts are written again."""
        return True


class _Loader(yaml.SafeLoader):
    """Reads what `_Dumper` writes."""


_Dumper.add_representer(
    Function, lambda dumper, name: dumper.represent_scalar("!function", str(name))
)
_Loader.add_constructor("!function", lambda _loader, node: Function(node.value))


def to_yaml(config: object) -> str:
    """A configuration in the form that lm-eval reads."""
    return yaml.dump(config, Dumper=_Dumper, sort_keys=False, allow_unicode=True)


def read_entry(path: str | Path) -> Entry:
    """Read the YAML file of an entry; its functions stay import paths."""
    found: Entry = yaml.load(Path(path).read_text(encoding="utf-8"), _Loader)
    return found


def write_entry(entry: Entry, rows: Rows, data: str, task: str) -> None:
    """Write the two files; `metadata` gets the number of rows and the SHA-256 of their file.

    Args:
        entry: the configurations.
        rows: data set → its rows.
        data: JSON Lines.
        task: YAML.
    """
    entry["metadata"] |= write_lines(
        data, ({"of": name, "row": row} for name, own in rows.items() for row in own)
    )
    write_text(task, to_yaml(dict(entry)))


def in_json(found: datasets.Dataset) -> tuple[list[dict[str, Any]], dict[str, Any] | None]:
    """The rows of a data set in JSON's own types, and the types of its columns.

    What JSON has no type for, such as a date, becomes the text that a prompt would show. There are
    then no types.
    """
    rows = [dict(row) for row in found]
    plain = [json.loads(json.dumps(row, default=str)) for row in rows]
    return plain, found.features.to_dict() if repr(plain) == repr(rows) else None


def unpack(task: str | Path, folder: str | Path) -> Entry:
    """Make lm-eval's files of an entry in a folder; the rows lie beside the YAML file.

    Files of data get the types of the original: read from JSON Lines, a text that looks like a date
    would become one.
    """
    entry, folder = read_entry(task), Path(folder)
    rows: Rows = {name: [] for name in entry["features"]}
    for line in read_lines(Path(task).with_suffix(".jsonl")):
        rows[line["of"]].append(line["row"])
    stem, places = Path(task).stem, {}
    for number, (name, own) in enumerate(rows.items()):
        types = entry["features"][name]
        features = datasets.Features.from_dict(types) if types else None
        places[name] = str(folder / f"{stem}-{number}.parquet")
        datasets.Dataset.from_list(own, features=features).to_parquet(places[name])
    for number, config in enumerate(entry["tasks"].values()):
        files = config["dataset_kwargs"]["data_files"]
        own_files = {split: places[name] for split, name in files.items()}
        config = config | {"dataset_kwargs": {"data_files": own_files}}
        write_text(folder / f"{stem}-{number}.yaml", to_yaml(config))
    for number, config in enumerate(entry["groups"].values()):
        write_text(folder / f"{stem}-group-{number}.yaml", to_yaml(config))
    return entry
