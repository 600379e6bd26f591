"""Checksums of large files that are asked for whenever the workflow is read (standard library)."""

import json
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from heavytail.io.files import sha256, write_json


def checksums(paths: Iterable[str | Path], memory: str | Path) -> dict[str, str]:
    """The SHA-256 of each file, by its name; a file is read once as long as it stays what it was.

    Args:
        paths: the files.
        memory: JSON file that remembers size, time of change, inode and checksum of each, made
            where it is missing. Times alone would not do: a file that was put in another's place
            keeps its own.
    """
    known, found = _remembered(memory), {}
    for path in map(Path, paths):
        seen = path.stat()
        now = [seen.st_size, seen.st_mtime_ns, seen.st_ino]
        *before, digest = known.get(str(path.absolute()), [None])
        found[path.name] = digest if before == now else sha256(path)
        known[str(path.absolute())] = [*now, found[path.name]]
    if known != _remembered(memory):
        # Where results may only be read, the files are read again.
        with suppress(OSError):
            write_json(memory, known)
    return found


def _remembered(memory: str | Path) -> dict[str, list[Any]]:
    """What an earlier call wrote; nothing where that is not there or not whole."""
    try:
        return json.loads(Path(memory).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
