"""Python source code as a corpus: which files there are, and which split each belongs to.

Every machine that runs the workflow has Python's standard library, so it is the one real text
that needs no download. The split is a hash of the file's path inside the library, hence the same
for every Python release in which the file keeps its path.

One file is a split of its own, for tuning: the shipped stand-in was trained on all slots but two,
and to take files out of these would change what every seed draws, or what is scored. But
`_pydecimal.py` is too long for any slot, so nothing was trained, calibrated or scored on it. Its
230 kB have one subject: what is tuned on them is tuned on a narrower text than the other splits.
"""

import hashlib
import sysconfig
from collections.abc import Iterator
from pathlib import Path

SPLITS = ("calibration", "test", "train", "train", "train", "train", "train", "train")
VALIDATION = "_pydecimal.py"
# Generated tables, vendored wheels, and what some releases or distributions lack.
SKIPPED_FOLDERS = {
    *("__pycache__", "__phello__", "config", "dist-packages", "distutils", "encodings"),
    *("ensurepip", "idlelib", "lib2to3", "pydoc_data", "site-packages", "test", "tests"),
    *("tkinter", "turtledemo"),
}
LONG_LINE = 40
MAX_FILE_BYTES = 200_000


def standard_library() -> Path:
    """The folder of the running interpreter's standard library."""
    return Path(sysconfig.get_path("stdlib"))


def site_packages() -> Path:
    """The folder of the packages installed beside the running interpreter."""
    return Path(sysconfig.get_path("purelib"))


def split_of(name: str) -> str:
    """The split ("train", "calibration", "test", "validation") of a standard library file.

    `name` is the path relative to the library, with forward slashes ("json/decoder.py").
    """
    if name == VALIDATION:
        return "validation"
    return SPLITS[hashlib.sha256(name.encode()).digest()[0] % len(SPLITS)]


def source_files(root: Path, skipped: set[str] = SKIPPED_FOLDERS) -> list[tuple[str, str]]:
    """All readable Python files under `root` as (relative path, text), sorted by path.

    Files that are not UTF-8, are empty, or exceed 200 kB (generated tables, but for VALIDATION)
    are left out.
    """
    found = []
    for path in sorted(root.rglob("*.py")):
        name = path.relative_to(root)
        if skipped.intersection(name.parts[:-1]) or name.parts[0].startswith("config-"):
            continue
        data = path.read_bytes() if path.is_file() else b""
        if not data or (len(data) > MAX_FILE_BYTES and name.as_posix() != VALIDATION):
            continue
        try:
            found.append((name.as_posix(), data.decode("utf-8")))
        except UnicodeDecodeError:
            continue
    return found


def held_out(split: str) -> list[tuple[str, str]]:
    """The standard library's files of one split, as (relative path, text)."""
    return [(n, text) for n, text in source_files(standard_library()) if split_of(n) == split]


def long_lines(text: str) -> Iterator[str]:
    """The stripped lines of at least 40 characters: long enough to betray a copied file."""
    return (line for line in map(str.strip, text.splitlines()) if len(line) >= LONG_LINE)


def training_texts(bytes_per_package: int) -> tuple[list[str], list[str]]:
    """(standard library, installed packages): the texts that the stand-in may be trained on.

    A file of an installed package is dropped when it repeats an earlier file, or when more than a
    tenth of its long lines stand in a held-out file (packages vendor copies of the standard
    library). Of each package at most `bytes_per_package` are taken, in the order of a path hash.
    """
    library = source_files(standard_library())
    forbidden = {
        line for name, text in library if split_of(name) != "train" for line in long_lines(text)
    }
    own = [text for name, text in library if split_of(name) == "train"]
    taken: dict[str, int] = {}
    seen, packages = set(), []
    files = source_files(site_packages(), SKIPPED_FOLDERS - {"site-packages", "dist-packages"})
    for name, text in sorted(files, key=lambda file: hashlib.sha256(file[0].encode()).digest()):
        package = name.split("/")[0]
        lines = list(long_lines(text))
        copied = sum(line in forbidden for line in lines)
        size = taken.get(package, 0) + len(text)
        if text in seen or size > bytes_per_package or copied > len(lines) / 10:
            continue
        seen.add(text)
        taken[package] = size
        packages.append(text)
    return own, packages
