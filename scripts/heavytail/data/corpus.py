"""Python source code as a corpus: its files, and the split of each.

Every machine that runs the workflow has Python's standard library. So it is the one real text that
needs no download. A hash of a file's path inside the library puts the file into one of eight slots,
which belong to the splits. So a file has the same split in every release of Python in which it
keeps its path.

The split for tuning is a single file. The stand-in was trained on six of the slots. To take files
out of the other two would change what every seed draws, or what is scored. But `_pydecimal.py` is
too long for any slot, so nothing was trained, calibrated or scored on it. Its 230 kB have one
subject, so the tuning text is narrower than the texts of the other splits.
"""

import hashlib
import sysconfig
from collections.abc import Iterator
from pathlib import Path

SPLITS = ("calibration", "test", "train", "train", "train", "train", "train", "train")
VALIDATION = "_pydecimal.py"
# Generated tables, vendored wheels, and folders that some releases or distributions lack.
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

    Left out are files that are empty, not UTF-8, or larger than 200 kB, which are generated tables
    (except for VALIDATION).
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
    """The files of the standard library in one split, as (relative path, text)."""
    return [(n, text) for n, text in source_files(standard_library()) if split_of(n) == split]


def long_lines(text: str) -> Iterator[str]:
    """The stripped lines of at least 40 characters, which are long enough to show a copied file."""
    return (line for line in map(str.strip, text.splitlines()) if len(line) >= LONG_LINE)


def training_texts(bytes_per_package: int) -> tuple[list[str], list[str]]:
    """(standard library, installed packages): the texts that the stand-in may be trained on.

    A file of an installed package is dropped if it repeats an earlier file, or if more than a tenth
    of its long lines are in a held-out file, because packages contain copies of the standard
    library. Each package gives at most `bytes_per_package`, in the order of a hash of the paths.
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
