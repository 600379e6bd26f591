"""The layout that discovery found, kept beside a model's files: jobs need not find it again.

It is read only where discovery would find the same: for the same settings, code and libraries.
"""

import functools
import hashlib
import importlib.metadata
import json
from dataclasses import astuple
from pathlib import Path
from typing import Any

from heavytail.io.files import read_json, write_json
from heavytail.models.layout import Family, WeightSlice

NAME = "layout.json"
# What a layout follows from: these modules of the package, and these libraries.
PACKAGE = Path(__file__).parents[1]
OF_MODELS = ("architecture", "discovery", "experts", "found", "head", "layout", "roles")
CODE = ("projections.py", *(f"models/{name}.py" for name in OF_MODELS))
LIBRARIES = ("torch", "transformers")


def keep(folder: Path, config: dict[str, Any], family: Family) -> None:
    """Write the layout of a model with this config.json into its folder."""
    write_json(
        folder / NAME,
        {
            "follows_from": _origin(config),
            "blocks": family.blocks,
            "slices": _told(family.slices(family.settings(config))),
            "depth": family.depth,
            "heads": family.heads,
            "tuples": family.tuples,
            "by_block": [_told(slices) for slices in family.by_block],
            "text": family.text,
        },
    )


def kept(folder: Path, config: dict[str, Any]) -> Family | None:
    """The layout in a model's folder; None if there is none, or one of something else."""
    path = folder / NAME
    record = read_json(path) if path.exists() else {}
    if record.get("follows_from") != _origin(config):
        return None
    slices = _read(record["slices"])
    return Family(
        record["blocks"],
        lambda _config: slices,
        record["depth"],
        record["heads"],
        record["tuples"],
        tuple(_read(block) for block in record["by_block"]),
        record["text"],
    )


# It parses the library's metadata anew each time.
_version = functools.cache(importlib.metadata.version)


def _origin(config: dict[str, Any]) -> str:
    """A digest of all that a layout follows from."""
    code = [(PACKAGE / name).read_text("utf-8") for name in CODE if (PACKAGE / name).exists()]
    versions = [_version(name) for name in LIBRARIES]
    return hashlib.sha256(json.dumps([config, code, versions]).encode()).hexdigest()


def _told(slices: dict[str, WeightSlice]) -> dict[str, tuple[Any, ...]]:
    return {name: astuple(part) for name, part in slices.items()}


def _read(told: dict[str, list[Any]]) -> dict[str, WeightSlice]:
    return {name: WeightSlice(*part) for name, part in told.items()}
