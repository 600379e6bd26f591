"""Files that are either whole or absent, and checksums of them."""

import hashlib
import json
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from glob import escape
from pathlib import Path
from typing import Any
from uuid import uuid4


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """A temporary path beside `path`, which replaces `path` if the block ends without an error.

    If the job dies inside the block, `path` stays as it was. A temporary file that a killed job
    left is deleted. If that job still runs, because only its parent was killed, it fails: this one
    counts.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    for left in path.parent.glob(f".{escape(path.name)}.*.part"):
        left.unlink(missing_ok=True)
    temporary = path.with_name(f".{path.name}.{uuid4().hex[:8]}.part")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def scratch(path: str | Path) -> Iterator[Path]:
    """A folder beside `path` for what a job cannot hold in memory; it is deleted after the block.

    Its name is fixed, so that the next run deletes what a killed one left.
    """
    folder = Path(path).with_name(f".{Path(path).name}.scratch")
    shutil.rmtree(folder, ignore_errors=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def write_text(path: str | Path, text: str) -> None:
    """Write UTF-8 text, completely or not at all."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def copy(source: str | Path, path: str | Path) -> None:
    """Copy a file, completely or not at all."""
    with replacing(path) as temporary:
        shutil.copyfile(source, temporary)


def write_json(path: str | Path, value: object) -> None:
    """Write JSON, completely or not at all; NaN is an error, because JSON has none."""
    write_text(path, json.dumps(value, indent=1, allow_nan=False) + "\n")


def read_json(path: str | Path) -> dict[str, Any]:
    """Read a JSON object. Raises ValueError, which names the file, if it is not JSON."""
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path}: not JSON ({error}): delete it to have it made again") from error


def write_lines(path: str | Path, rows: Iterable[Mapping[str, object]]) -> dict[str, object]:
    """Write JSON Lines, completely or not at all, with one row in memory at a time.

    Returns {"documents": their number, "documents_sha256": the SHA-256 of the file}.
    """
    count = 0
    with replacing(path) as temporary, open(temporary, "w", encoding="utf-8") as lines:
        for row in rows:
            count += 1
            lines.write(json.dumps(row, ensure_ascii=False) + "\n")
    return {"documents": count, "documents_sha256": sha256(path)}


def read_lines(path: str | Path) -> list[dict[str, Any]]:
    """Read JSON Lines. Raises ValueError, which names file and line, if a line is not JSON."""
    rows = []
    with open(path, "rb") as lines:
        for number, line in enumerate(lines, 1):
            try:
                rows.append(json.loads(line.decode("utf-8")))
            except ValueError as error:
                raise ValueError(
                    f"{path}, line {number}: not JSON ({error}): delete it to have it made again"
                ) from error
    return rows


def sha256(path: str | Path) -> str:
    """The SHA-256 of a file as hexadecimal digits."""
    with open(path, "rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
