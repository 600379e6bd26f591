"""Read given ratios from a file (standard library only: parse time)."""

import csv
import json
import re
from pathlib import Path

from heavytail.projections import PROJECTIONS, key_of, name_of

# (block, projection) → its number; the projection is None if the number is the whole block's.
Given = dict[tuple[int, str | None], float]
# How far the mean of the ratios may be from the target: published lists are rounded.
TOLERANCE = 1e-3
_MODULE = re.compile(r"(?:\S*?\.)??(\d+)\.(?:\S*?\.)??(?:(\d+)\.)?([a-z]+_proj)(?:\.(\w+))?")


def read_given(path: str | Path) -> Given:
    """The numbers of a .csv, .json or .txt file, as config/README.md describes them.

    Of a .npy file, none.

    Raises ValueError, which names the file, if it is no such file, a block is missing between
    others, or a number is no share. The levels of a .txt file may be any whole numbers.
    """
    readers = {".csv": _rows, ".json": _json, ".txt": _lines}
    if Path(path).suffix == ".npy":
        return {}  # It takes numpy, which the jobs have.
    if Path(path).suffix not in readers:
        raise ValueError(f"{path}: expected a .csv, .json, .npy or .txt file")
    try:
        found = readers[Path(path).suffix](Path(path).read_text(encoding="utf-8-sig"))
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path}: not a table of ratios ({_reason(error)})") from error
    blocks = {block for block, _ in found}
    gap = next((block for block in range(max(blocks, default=0) + 1) if block not in blocks), None)
    if gap is not None:
        raise ValueError(f"{path}: found no block {gap}")
    if Path(path).suffix != ".txt" or not are_levels(found):
        check_shares(path, found)
    return found


def check_shares(path: str | Path, found: Given) -> None:
    """Raise ValueError, which names file and matrix, if a number is not from 0 to 1."""
    for (block, projection), value in found.items():
        if not 0 <= value <= 1:
            name = f"block {block}" if projection is None else key_of(block, projection)
            raise ValueError(f"{path}: {name}: found {value}, expected a ratio from 0 to 1")


def are_levels(found: Given) -> bool:
    """Whether the numbers are levels: whole numbers, and not all of them 0 or 1."""
    return all(value.is_integer() for value in found.values()) and any(
        value not in (0, 1) for value in found.values()
    )


def _reason(error: Exception) -> str:
    """The words of an error in one line; of a missing key, that it is missing."""
    if isinstance(error, KeyError):
        return f"no column {error.args[0]}"
    return " ".join(str(error).split())


def _rows(text: str) -> Given:
    """Columns block, sparsity and, for ratios of matrices, projection."""
    return {
        (int(row["block"]), row.get("projection")): float(row["sparsity"])
        for row in csv.DictReader(text.splitlines())
    }


def _json(text: str) -> Given:
    """A list of numbers, one a block; or names of blocks or matrices with their numbers."""
    table = json.loads(text)
    if isinstance(table, list):
        return {(block, None): float(value) for block, value in enumerate(table)}
    if not isinstance(table, dict):
        raise ValueError(f"found {table!r}, expected a list or an object")
    return {_name(name): float(value) for name, value in table.items()}


def _lines(text: str) -> Given:
    """A line `module: number` for each matrix, as EvoPress writes them."""
    pairs = (line.rsplit(":", 1) for line in text.splitlines() if line.strip())
    return {_name(name.strip()): float(value) for name, value in pairs}


def _name(name: str) -> tuple[int, str | None]:
    """The block and matrix of a name: 3, 3.q_proj, model.layers.3.self_attn.q_proj.

    Those of an expert are 3.up_proj.7 or model.layers.3.mlp.experts.7.up_proj.
    """
    if name.isdecimal():
        return int(name), None
    found = _MODULE.fullmatch(name)
    if not found or found[3] not in PROJECTIONS:
        raise ValueError(f"found {name!r}, expected a block or a matrix such as 3.q_proj")
    expert = found[2] or found[4]
    return int(found[1]), name_of(found[3], expert) if expert else found[3]
