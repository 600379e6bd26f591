"""A store of finished results, found by what they depend on, so that equal work is done once.

The store has a folder per key, which holds the outputs of a job as hard links. So no byte is on the
disk twice, and a file that nothing else links to is no result of any config any more. Standard
library only: a job that finds its key here ends before it imports anything that computes.
"""

import fcntl
import hashlib
import json
import logging
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from uuid import uuid4

from heavytail.running.gpus import computing_device

log = logging.getLogger(__name__)
ENTRY = "entry.json"
# So the log of a job says that it computed nothing.
RESTORED = "made before: restored from"
# A new release of one of these may change the last digits of a result.
PACKAGES = ("torch", "transformers", "lm_eval")
# A path or several.
Paths = str | Iterable[str]


@dataclass(frozen=True)
class Work:
    """All that the outputs of a job, or of a part of one, depend on."""

    rule: str
    params: Mapping[str, object]  # the digest of the code, and the settings
    inputs: Mapping[str, Paths | None]  # by name
    outputs: Mapping[str, str]  # name → path
    threads: int

    def key(self) -> str:
        """Hexadecimal digits that are the same for equal work, whatever its files are called."""
        sums = {name: _sums(paths) for name, paths in self.inputs.items() if paths}
        parts = {
            "rule": self.rule,
            "params": dict(self.params),
            "inputs": sums,
            "outputs": sorted(self.outputs),
            "device": computing_device(),
            "threads": self.threads,
            "versions": {package: version(package) for package in PACKAGES},
        }
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _sums(paths: Paths) -> object:
    """A checksum of the content of a file, or a list of them for a list of files."""
    if not isinstance(paths, str):
        return [_sums(path) for path in paths]
    if paths.endswith(".origin.json"):
        # The file also holds paths. Only its key says what the cell is.
        return json.loads(Path(paths).read_text(encoding="utf-8"))["key"]
    return _sha256(paths)


def _sha256(path: str | Path) -> str:
    with open(path, "rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


@contextmanager
def _alone(folder: Path, key: str) -> Iterator[None]:
    """Let one job at a time work on a key. If the file system has no locks, any number may."""
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "lock", "ab") as handle:
        # Each key locks one byte of the file. There are so many bytes that no two keys share one.
        byte = int(key[:15], 16)
        try:
            try:
                fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, byte)
            except BlockingIOError:
                log.info("another job does the same work: waiting for it")
                fcntl.lockf(handle, fcntl.LOCK_EX, 1, byte)
        except OSError as error:
            log.info("no lock (%s)", error)
        yield


def once(folder: str | Path | None, work: Work, compute: Callable[[], None]) -> None:
    """Make the outputs of `work`: from the store if they were made before, else by `compute`.

    Args:
        folder: that of the store; None computes without one.
        work: what is to be done.
        compute: writes all of the outputs.
    """
    if folder is None:
        compute()
        return
    folder, key = Path(folder), work.key()
    entry = folder / key[:2] / key
    with _alone(folder, key):
        if _restore(entry, work.outputs):
            log.info("%s %s", RESTORED, entry)
            return
        compute()
        _keep(entry, work)


def _restore(entry: Path, outputs: Mapping[str, str]) -> bool:
    """Link the outputs to the files of an entry; False if a file is missing or damaged."""
    try:
        sums = json.loads((entry / ENTRY).read_text(encoding="utf-8"))["sha256"]
        damaged = [name for name in outputs if _sha256(entry / name) != sums[name]]
    except (OSError, KeyError, ValueError):
        return False
    if damaged:
        log.warning("%s: %s has changed since it was kept: making it again", entry, damaged[0])
        shutil.rmtree(entry)
        return False
    for name, path in outputs.items():
        part = Path(f"{path}.{uuid4().hex[:8]}.part")
        os.link(entry / name, part)
        # The output must be newer than the inputs: Snakemake compares contents only if it is not.
        os.utime(part)
        part.replace(path)
    return True


def _keep(entry: Path, work: Work) -> None:
    """Add the outputs to the store; without hard links in the file system, add nothing."""
    part = entry.with_name(f".{entry.name}.{uuid4().hex[:8]}.part")
    try:
        part.mkdir(parents=True)
        for name, path in work.outputs.items():
            os.link(path, part / name)
        sums = {name: _sha256(path) for name, path in work.outputs.items()}
        (part / ENTRY).write_text(json.dumps({"rule": work.rule, "sha256": sums}) + "\n")
        shutil.rmtree(entry, ignore_errors=True)
        part.rename(entry)
    except OSError as error:
        log.warning("not kept for later runs: %s", error)
        shutil.rmtree(part, ignore_errors=True)


def unused(folder: str | Path) -> dict[Path, int]:
    """Entries of which a file is no result any more, and what killed jobs left → bytes to be freed.

    The other files of an entry, such as the record of an artifact that was deleted, stay results.
    """
    found = {}
    for entry in Path(folder).glob("??/*"):
        files = [path.stat() for path in entry.iterdir() if path.name != ENTRY]
        alone = [file.st_size for file in files if file.st_nlink == 1]
        if alone or entry.suffix == ".part":
            found[entry] = sum(alone)
    return found
