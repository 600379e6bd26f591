"""What the report says of origins: models, texts, tasks, protocols, versions."""

import json
from collections.abc import Hashable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from heavytail.cells import DENSE, PATH
from heavytail.io.files import read_json
from heavytail.report.encode import with_model

COLUMNS = ["about", "what", "value"]
# Of a record, what is too long for a table: lm-eval's own object, and the numbers of each task.
LONG = ("results", "tasks", "scores", "weights")


class _Loader(yaml.SafeLoader):
    """Reads the functions of a task as their names."""


_Loader.add_constructor("!function", lambda _, node: node.value)


def flat(record: Mapping[str, Any]) -> dict[str, Any]:
    """What a record says in words and numbers; of a mapping in it, "key name" → value."""
    found: dict[str, Any] = {}
    for key, value in record.items():
        inner = value if isinstance(value, dict) else {}
        found |= {f"{key} {name}": one for name, one in inner.items()} or {key: value}
    plain = {key: one for key, one in found.items() if not isinstance(one, dict | list)}
    return {key: one for key, one in plain.items() if one is not None}


def token_origin(path: str) -> dict[str, str]:
    """Where the tokens of a safetensors file come from: its metadata.

    The header alone is read, as its format has it: its length in 8 bytes, then JSON.
    """
    with Path(path).open("rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    return header.get("__metadata__", {})


def task_origin(path: str) -> dict[str, Any]:
    """Where the documents of a task come from: what its configuration says of its data."""
    found = yaml.load(Path(path).read_text(encoding="utf-8"), _Loader)
    return flat(found.get("metadata", {}))


def model_rows(
    model: str,
    provenance: str,
    records: Mapping[str, str],
    tokens: str | None,
    tasks: Mapping[str, str],
) -> pd.DataFrame:
    """What is known of the origin of a model and of what was measured of it, all text.

    Args:
        model: its name.
        provenance: JSON of fetch_model.
        records: quality → record of the dense model.
        tokens: its calibration tokens, if there are any.
        tasks: task → its configuration.

    Returns:
        model, about, what, value.
    """

    def rows() -> Iterator[tuple[str, str, Any]]:
        found = read_json(provenance)
        yield from (("model", key, found.get(key)) for key in ("source", "revision"))
        for name, digest in found.get("files", {}).items():
            yield "file, SHA-256", name, digest
        for what, value in (token_origin(tokens) if tokens else {}).items():
            yield "calibration", what, value
        for task, path in tasks.items():
            yield from ((f"task {task}", what, value) for what, value in task_origin(path).items())
        for quality, path in records.items():
            own = {key: value for key, value in read_json(path).items() if key not in LONG}
            yield from ((f"{quality}, dense", what, value) for what, value in flat(own).items())

    table = pd.DataFrame(rows(), columns=COLUMNS)
    return with_model(model, table.dropna().astype(str))


def of_records(cells: pd.DataFrame, record: str) -> pd.DataFrame:
    """What the records of perplexity say that cells.csv does not: text, protocol, device, reason.

    Args:
        cells: cells.csv.
        record: path of a record with {model} and {cell} in it.

    Returns:
        As many rows as `cells`, empty where there is no record.
    """

    def own(row: Mapping[Hashable, Any]) -> dict[str, Any]:
        cell = DENSE
        if row["method"] != DENSE:
            # Beside the dense model's empty seed those of the cells are read as floats.
            axes = {name: row[name] for name in ("method", "sparsity", "allocation")}
            cell = PATH.format(**axes, seed=int(row["seed"]))
        path = Path(record.format(model=row["model"], cell=cell))
        return flat(read_json(path)) if path.exists() else {}

    found = pd.DataFrame([own(row) for row in cells.to_dict("records")], cells.index, dtype=object)
    return found.drop(columns=[name for name in found if name in cells])
