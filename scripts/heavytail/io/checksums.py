"""Checksums of large files that are needed whenever the workflow is read (standard library)."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from heavytail.io.files import sha256, write_json


def checksums(paths: Iterable[Path], memory: str | Path) -> dict[Path, str]:
    """The path of each file → its SHA-256. A file is read once, and again only if it changes.

    Args:
        paths: the files.
        memory: JSON file that remembers the size, time of change, inode and checksum of each; it is
            made if it is missing. The time does not suffice: a file that takes the place of another
            keeps its own time.
    """
    known, found = _remembered(memory), {}
    for path in paths:
        seen = path.stat()
        now = [seen.st_size, seen.st_mtime_ns, seen.st_ino]
        *before, digest = known.get(str(path.absolute()), [None])
        found[path] = digest if before == now else sha256(path)
        known[str(path.absolute())] = [*now, found[path]]
    if known != _remembered(memory):
        # If the folder cannot be written, the next call reads the files again.
        with suppress(OSError):
            write_json(memory, known)
    return found


def together(found: Mapping[str, str]) -> str:
    """One SHA-256 of the names and checksums of several files."""
    told = "".join(f"{digest}  {name}\n" for name, digest in sorted(found.items()))
    return hashlib.sha256(told.encode()).hexdigest()


def _remembered(memory: str | Path) -> dict[str, list[Any]]:
    """What an earlier call wrote; empty if that is missing or not whole."""
    try:
        return json.loads(Path(memory).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
