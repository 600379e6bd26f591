"""The files of a local text (standard library only: parse time)."""

from glob import glob
from pathlib import Path

# Text as it is, one document a file; or one document a row.
ENDINGS = (".txt", ".jsonl", ".jsonl.gz", ".parquet")
LISTED = f"{', '.join(ENDINGS[:-1])} or {ENDINGS[-1]}"


def text_files(path: str | Path) -> tuple[Path, list[Path]]:
    """The folder of a text, and its files, sorted by their paths.

    Args:
        path: a file, a folder or a glob. Of a folder all files with these endings count, at any
            depth; hidden ones do not.

    Raises:
        ValueError: there is no file, or one that a glob or a path names has another ending.
    """
    place = Path(path)
    if place.is_dir():
        paths = sorted(path for path in place.rglob("*") if path.name.endswith(ENDINGS))
        shown = [p for p in paths if not any(n[0] == "." for n in p.relative_to(place).parts)]
        found = [path for path in shown if path.is_file()]
        if not found:
            raise ValueError(f"folder {str(path)!r} has no {LISTED} file")
        return place, found
    if place.is_file():
        found = [place]
    else:
        found = sorted(p for p in map(Path, glob(str(path), recursive=True)) if p.is_file())
        if not found:
            raise ValueError(f"{str(path)!r} matches no file")
    for file in found:
        if not file.name.endswith(ENDINGS):
            raise ValueError(f"{str(file)!r} is not {LISTED}")
    return _above(found), found


def _above(files: list[Path]) -> Path:
    """The deepest folder that has all of these files."""
    return next(p for p in files[0].parents if all(file.is_relative_to(p) for file in files))
