"""Given ratios: read them from a file, hold them to a model (standard library only: parse time)."""

import csv
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from heavytail.config.npy import read_floats
from heavytail.projections import PROJECTIONS, Matrix, key_of, name_of, projection_of

# What a number is of: a matrix, the projection of all experts, or (with None) a whole block.
Place = tuple[int, str | None]
Given = dict[Place, float]
# How far the mean of the ratios may be from the target: published lists are rounded.
TOLERANCE = 1e-3
_MODULE = re.compile(r"(?:\S*?\.)??(\d+)\.(?:\S*?\.)??(?:(\d+)\.)?([a-z]+_proj)(?:\.(\w+))?")


def check_given(path: str | Path, step: int | None) -> None:
    """Raise ValueError, which names the file, if it cannot give ratios to any model.

    Args:
        path: as `read_given` reads it, or a .npy file.
        step: the number of weights of a level, if the config says it.
    """
    given: Given = {}
    if Path(path).suffix == ".npy":
        _read_array(path)
    else:
        given = read_given(path)
    _check_step(path, given, step)


def ratios_in(
    path: str | Path, sizes: dict[Matrix, int], sparsity: float, step: int | None
) -> list[float]:
    """The ratio of every matrix of a model; their parameter-weighted mean is nearly the sparsity.

    Args:
        path: the file.
        sizes: (block, name) → number of weights.
        sparsity: the target.
        step: the number of weights of a level, if the file has levels.

    Raises:
        ValueError: the file lacks a matrix of the model or has others, or misses the target.
    """
    given = given_of(path, list(sizes))
    _check_step(path, given, step)
    found = [next(given[place] for place in _places(matrix) if place in given) for matrix in sizes]
    if step is not None:
        pairs = zip(found, sizes.values(), strict=True)
        found = [sparsity + level * step / weights for level, weights in pairs]
        check_shares(path, dict(zip(sizes, found, strict=True)))
    removed = sum(ratio * weights for ratio, weights in zip(found, sizes.values(), strict=True))
    mean = removed / sum(sizes.values())
    if abs(mean - sparsity) > TOLERANCE:
        raise ValueError(
            f"{path}: found ratios whose mean is {mean:.4f}, expected the target {sparsity}"
        )
    return found


def given_of(path: str | Path, matrices: list[Matrix]) -> Given:
    """The numbers of a file, which are those of all matrices of a model and of no others.

    Raises ValueError, which names the file, if they are not.
    """
    array = Path(path).suffix == ".npy"
    given = _of_array(path, matrices) if array else read_given(path)
    blocks = 1 + max(block for block, _ in matrices)
    check_blocks(path, given, blocks)
    for matrix in matrices:
        if not any(place in given for place in _places(matrix)):
            raise ValueError(
                f"{path}: found no ratio of {key_of(*matrix)}, expected one of every matrix"
            )
    known = {place for matrix in matrices for place in _places(matrix)}
    for block, name in given:
        if (block, name) not in known:
            raise ValueError(
                f"{path}: found a ratio of {_told((block, name))}, which the model does not have"
            )
    return given


def check_blocks(path: str | Path, given: Given, blocks: int) -> None:
    """Raise ValueError, which names the file, if its blocks are not so many."""
    last = max((block for block, _ in given), default=-1)
    if last + 1 != blocks:
        raise ValueError(
            f"{path}: found ratios of blocks 0 to {last}, expected 0 to {blocks - 1}, which the "
            "model has"
        )


def read_given(path: str | Path) -> Given:
    """The numbers of a .csv, .json or .txt file, as config/README.md describes them.

    Raises ValueError, which names the file, if it is no such file, a block is missing between
    others, one stands twice, or a number is no share. The levels of a .txt file may be any whole
    numbers.
    """
    readers = {".csv": _rows, ".json": _json, ".txt": _lines}
    if Path(path).suffix not in readers:
        raise ValueError(f"{path}: expected a .csv, .json, .npy or .txt file")
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
        found = _once(readers[Path(path).suffix](text))
    except (csv.Error, KeyError, OverflowError, RecursionError, TypeError, ValueError) as error:
        raise ValueError(f"{path}: not a table of ratios ({_reason(error)})") from error
    blocks = {block for block, _ in found}
    gap = next((block for block in range(max(blocks, default=0) + 1) if block not in blocks), None)
    if gap is not None:
        raise ValueError(f"{path}: found no block {gap}")
    if Path(path).suffix != ".txt" or not are_levels(found):
        check_shares(path, found)
    return found


def check_shares(path: str | Path, found: Mapping[Place, float]) -> None:
    """Raise ValueError, which names file and matrix, if a number is not from 0 to 1."""
    for (block, projection), value in found.items():
        if not 0 <= value <= 1:
            where = _told((block, projection))
            raise ValueError(f"{path}: {where}: found {value}, expected a ratio from 0 to 1")


def are_levels(found: Given) -> bool:
    """Whether the numbers are levels: whole numbers, and not all of them 0 or 1."""
    return all(value.is_integer() for value in found.values()) and any(
        value not in (0, 1) for value in found.values()
    )


def _check_step(path: str | Path, given: Given, step: int | None) -> None:
    """Raise ValueError, which names the file, if it has levels or the config a step, not both."""
    if step is None and are_levels(given):
        raise ValueError(
            f"{path}: found levels, expected allocations.NAME.step, the number of weights of a "
            "level"
        )
    whole = Path(path).suffix == ".txt" and all(value.is_integer() for value in given.values())
    if step is not None and not whole:
        raise ValueError(
            f"{path}: found ratios, expected a .txt file of levels, as there is a step"
        )


def _told(place: Place) -> str:
    """What a number is of, in the words of a message."""
    block, name = place
    return f"block {block}" if name is None else key_of(block, name)


def _places(matrix: Matrix) -> tuple[Place, ...]:
    """What may give the ratio of a matrix: it, its projection with all experts, or its block."""
    block, name = matrix
    return matrix, (block, projection_of(name)), (block, None)


def _read_array(path: str | Path) -> tuple[tuple[int, ...], list[float]]:
    """The shape and the numbers of a .npy file; raises ValueError if one is no share."""
    shape, numbers = read_floats(path)
    for number in numbers:
        if not 0 <= number <= 1:
            raise ValueError(f"{path}: found {number}, expected ratios from 0 to 1")
    return shape, numbers


def _of_array(path: str | Path, matrices: list[Matrix]) -> Given:
    """The ratios of a .npy file: floats [blocks], [matrices] or [blocks, projections]."""
    shape, numbers = _read_array(path)
    blocks = 1 + max(block for block, _ in matrices)
    if shape not in ((blocks,), (len(matrices),), (blocks, len(matrices) // blocks)):
        raise ValueError(
            f"{path}: found an array of shape {shape}, expected {blocks} blocks or "
            f"{len(matrices)} matrices"
        )
    whole: list[Place] = [(block, None) for block in range(blocks)]
    places = whole if len(numbers) == blocks else [*matrices]
    return dict(zip(places, numbers, strict=True))


def _once(pairs: Iterable[tuple[Place, float]]) -> Given:
    """The numbers of a file by what they are of; raises ValueError if one of these stands twice."""
    found: Given = {}
    for place, value in pairs:
        if place in found:
            raise ValueError(f"{_told(place)} occurs twice, expected one ratio")
        found[place] = value
    return found


def _reason(error: Exception) -> str:
    """The words of an error in one line; of a missing key, that it is missing."""
    if isinstance(error, KeyError):
        return f"no column {error.args[0]}"
    return " ".join(str(error).split())


def _rows(text: str) -> Iterator[tuple[Place, float]]:
    """Columns block, sparsity and, for ratios of matrices, projection."""
    for row in csv.DictReader(text.splitlines()):
        yield (int(row["block"]), row.get("projection")), float(row["sparsity"])


def _json(text: str) -> Iterator[tuple[Place, float]]:
    """A list of numbers, one a block; or names of blocks or matrices with their numbers."""
    # Of an object as a dict, a name that stands twice would be lost.
    table = json.loads(text, object_pairs_hook=tuple)
    if isinstance(table, list):
        yield from (((block, None), float(value)) for block, value in enumerate(table))
    elif isinstance(table, tuple):
        yield from ((_name(name), float(value)) for name, value in table)
    else:
        raise ValueError(f"found {table!r}, expected a list or an object")


def _lines(text: str) -> Iterator[tuple[Place, float]]:
    """A line `module: number` for each matrix, as EvoPress writes them."""
    for line in filter(str.strip, text.splitlines()):
        name, value = line.rsplit(":", 1)
        yield _name(name.strip()), float(value)


def _name(name: str) -> Place:
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
