"""Texts of the config, and which texts it chooses, checked (standard library: parse time)."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from heavytail.config.allocations import reads_validation
from heavytail.config.entries import Config, OwnText
from heavytail.config.mistakes import fail, unknown
from heavytail.config.text_files import text_files
from heavytail.config.texts import SHARES, SPLITS, TEXTS, Text

# The workflow keeps tasks in a folder beside those of the texts.
TAKEN = "tasks"


def all_texts(own: Mapping[str, OwnText]) -> dict[str, Text]:
    """Every text by its name: the built-in ones, then those of a checked config."""
    return TEXTS | {name: _text(name, entry) for name, entry in own.items()}


def complete_texts(filled: Config, folders: list[Path]) -> None:
    """Find the files of the config's own texts, changed in place; fails if one is not usable."""
    for name, entry in filled["texts"].items():
        _check(name, entry)
        if "path" in entry:
            entry["path"] = _found(("texts", name, "path"), entry["path"], folders)


def check_choices(filled: Config) -> None:
    """Fail if a text is chosen for what it is not, and complete what trials are scored on."""
    texts, tune = all_texts(filled["texts"]), filled["tune"]
    weights = weights_of(filled["calibration"]["dataset"])
    where = ("calibration", "dataset")
    if not sum(weights.values()):
        fail(where, ": the weights sum to 0, expected at least one above")
    for name in weights:
        _check_choice(where, "calibration", name, texts)
    for protocol in filled["evaluation"]:
        _check_choice(("evaluation", "dataset"), protocol["split"], protocol["dataset"], texts)
    if tune["dataset"] is not None:
        _check_choice(("tune", "dataset"), "validation", tune["dataset"], texts)
        return
    tune["dataset"] = max(weights, key=lambda name: weights[name])
    if any(map(reads_validation, filled["allocations"].values())):
        _check_choice(("tune", "dataset"), "validation", tune["dataset"], texts)


def weights_of(dataset: str | Mapping[str, float]) -> dict[str, float]:
    """Text → weight of what calibrates: of one text, or of a mixture without weights of 0."""
    named = {dataset: 1.0} if isinstance(dataset, str) else dataset
    return {name: weight for name, weight in named.items() if weight} or dict(named)


def _text(name: str, entry: OwnText) -> Text:
    """The row of a text of a checked config."""
    if name in TEXTS:
        return replace(TEXTS[name], revision=entry["revision"])
    given = entry["files"] if "hub" in entry else entry["path"]
    shares = entry.get("splits", SHARES) if isinstance(given, str) else None
    return Text(
        files=dict.fromkeys(shares or (), given) if isinstance(given, str) else given,
        hub=entry.get("hub"),
        revision=entry.get("revision"),
        field=entry.get("field", "text"),
        shares=shares,
        seed=entry.get("seed", 0),
    )


def _check(name: str, entry: OwnText) -> None:
    """Fail for what the schema cannot say of one text."""
    where = ("texts", name)
    if name == TAKEN:
        fail(("texts",), f": no text can be called {TAKEN!r}: the tasks' folder has this name")
    if name in TEXTS:
        if set(entry) != {"revision"} or TEXTS[name].revision or TEXTS[name].made_here:
            fail(where, ": there is a built-in text of this name, choose another")
        return
    if "hub" not in entry and "path" not in entry:
        fail((*where, "path"), ": missing: a text needs a local path, or hub, revision and files")
    given: Any = entry.get("files", entry.get("path"))
    if isinstance(given, dict):
        for key in ("splits", "seed"):
            if key in entry:
                fail((*where, key), ": not allowed where each split has files of its own")
    total = sum(entry.get("splits", {}).values())
    if total > 1 + 1e-9:
        fail((*where, "splits"), f": the shares sum to {total:g}, expected at most 1")


def _found(where: tuple[str, ...], given: Any, folders: list[Path]) -> Any:
    """A path, or one for each split, found in the first of the folders that has such files."""
    if isinstance(given, dict):
        return {split: _found((*where, split), path, folders) for split, path in given.items()}
    if not folders:
        return str(given)
    told = None
    for folder in folders:
        try:
            text_files(folder / given)
        except ValueError as error:
            told = told or str(error).replace(f"{folder}/", "")
        else:
            return str(Path(given) if folder == folders[0] else folder / given)
    fail(where, f": {told}")


def _check_choice(
    where: tuple[str, ...], split: str, name: object, texts: Mapping[str, Text]
) -> None:
    """Fail if there is no such text, if it lacks the split, or if nobody said its commit."""
    noun = {"test": "evaluation"}.get(split, where[0] if where[0] == "evaluation" else split)
    able = [text for text, row in texts.items() if split in row.files]
    if name not in able:
        if name in texts:
            has = ", ".join(s for s in SPLITS if s in texts[str(name)].files)
            fail(where, f": {name!r} has no split {split!r}, only {has}")
        fail(where, unknown(f"{noun} dataset", name, able))
    row = texts[str(name)]
    if row.hub and not row.revision:
        needed = f"the commit of {row.hub} with {row.files[split]}, 40 hexadecimal digits"
        fail(("texts", str(name), "revision"), f": missing: {needed}")
