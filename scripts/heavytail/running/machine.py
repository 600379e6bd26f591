"""The memory that this machine has, or the control groups of this process, and how jobs share it.

Standard library only: the rules ask while they are parsed.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path("/")
# Per version of control groups: the files of a group that say its limits and what it uses, and the
# names, in its memory.stat, of pages of files, which the kernel drops when it needs their memory.
FILES = {
    "cgroup": (
        ("memory.limit_in_bytes",),
        "memory.usage_in_bytes",
        ("total_inactive_file", "total_active_file"),
    ),
    "cgroup2": (("memory.max", "memory.high"), "memory.current", ("inactive_file", "active_file")),
}


@dataclass(frozen=True)
class Memory:
    """Bytes: all that there are, and those that nothing uses but what can be dropped."""

    total: int
    free: int


def memory(root: Path = ROOT) -> Memory:
    """The memory of the machine, or of the narrowest of the control groups that hold this process.

    Args:
        root: where /proc and the mounted control groups are.
    """
    machine = _machine(root)
    found = [machine, *_groups(root, machine)]
    return Memory(min(part.total for part in found), min(part.free for part in found))


def _machine(root: Path) -> Memory:
    """The memory of the whole machine; where there is no /proc, all of it counts as free."""
    try:
        numbers = _numbers(root / "proc/meminfo")
        return Memory(1024 * numbers["MemTotal:"], 1024 * numbers["MemAvailable:"])
    except (OSError, KeyError):
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        return Memory(total, total)


def _groups(root: Path, machine: Memory) -> Iterator[Memory]:
    """The memory of each group that holds this process and has a limit, from the inside out."""
    for folder, kind in _folders(root):
        limits, used, cached = FILES[kind]
        found = [limit for name in limits if (limit := _limit(folder / name)) is not None]
        # Where nobody set a limit, the first version says a number beyond any machine's memory.
        if found and min(found) < machine.total:
            try:
                numbers = _numbers(folder / "memory.stat")
                held = int((folder / used).read_text()) - sum(numbers.get(n, 0) for n in cached)
            except (OSError, ValueError):
                held = 0
            yield Memory(min(found), max(0, min(found) - held))


def _folders(root: Path) -> Iterator[tuple[Path, str]]:
    """Each group that holds this process, as a folder and the kind of its file system."""
    try:
        rows = (root / "proc/self/cgroup").read_text().splitlines()
        mounts = (root / "proc/self/mountinfo").read_text().splitlines()
    except OSError:
        return
    # Rows are "4:memory:/path", that of the second version "0::/path".
    paths = {
        part: path
        for _, parts, path in (r.split(":", 2) for r in rows)
        for part in parts.split(",")
    }
    for mount in mounts:
        own, _, system = mount.partition(" - ")
        kind, _, options = system.split(" ", 2)
        named = {"cgroup": "memory", "cgroup2": ""}.get(kind)
        if named not in paths or (named and named not in options.split(",")):
            continue
        _, _, _, below, place, *_ = own.split(" ")
        top = root / place.lstrip("/")
        # Inside a container the mount may be the group itself, whatever the group's path is.
        path = os.path.relpath(paths[named], below)
        inner = top if path.startswith("..") else (top / path)
        for folder in (inner, *inner.parents):
            yield folder, kind
            if folder == top:
                break


def _limit(file: Path) -> int | None:
    """The bytes that a file of a group names; None for "max", and where there is no such file."""
    try:
        return int(file.read_text())
    except (OSError, ValueError):
        return None


def _numbers(file: Path) -> dict[str, int]:
    """The first number of each line by the word before it."""
    rows = (line.split() for line in file.read_text().splitlines())
    return {row[0]: int(row[1]) for row in rows if len(row) > 1 and row[1].isdigit()}


def at_a_time(need: int, room: int) -> int:
    """How many jobs that hold `need` fit `room` together; one, if not even one does."""
    return max(1, room // need) if need > 0 else room


def threads_of(cores: int, fitting: int, wanted: int) -> int:
    """The threads of each job, if so many fit at a time and no more than `wanted` are ever ready.

    None is left without work: they are the cores by the jobs at a time, at least one.
    """
    return max(1, cores // max(1, min(fitting, wanted)))
