"""Documents of data sets as rows, and the shares of them that splits own."""

import gzip
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from heavytail.config.entries import TextSource
from heavytail.config.text_files import text_files

# {"name", "text"}, or {"name", "messages"} of a conversation: {"role", "content"} each.
Row = dict[str, Any]


def document(name: str, value: object) -> Row:
    """The row of a document.

    Raises ValueError if the value is neither text nor the messages of a conversation.
    """
    if isinstance(value, str):
        return {"name": name, "text": value}
    if isinstance(value, list) and value and all(map(_is_message, value)):
        return {"name": name, "messages": value}
    raise ValueError(
        f"{name}: found {type(value).__name__}, expected text, or a list of messages with a role "
        "and a content"
    )


def local_documents(source: TextSource) -> Iterator[Row]:
    """The documents of a split of a local text, file by file, in their own order.

    A .txt file is one document. A row of any other file is one.

    Raises:
        ValueError: the files are not there, or not what their names say, or lack the field, or
            have no text in them.
    """
    folder, files = text_files(source["file"])
    rows = (row for file in files for row in _documents(file, folder, source["field"]))
    return own_share(not_empty(rows, source["file"]), source)


def not_empty(rows: Iterable[Row], place: str) -> Iterator[Row]:
    """The same rows. Raises ValueError after the last if none of them has more than white space."""
    empty = True
    for row in rows:
        empty = empty and not row.get("messages") and not row["text"].strip()
        yield row
    if empty:
        raise ValueError(f"{place}: the text is empty")


def own_share(rows: Iterable[Row], source: TextSource) -> Iterator[Row]:
    """The rows that a split owns, in their order; all of them if the source has no shares.

    A hash of the seed and of a document decides its place, and the splits take theirs one after
    another. So equal documents are never on two sides, and neither the order of the documents nor
    their names count.

    Raises ValueError if the split gets no document.
    """
    if "shares" not in source:
        yield from rows
        return
    held = list(rows)
    keys = [_key(row, source["seed"]) for row in held]
    order = sorted(set(keys))
    before, own = 0.0, range(0)
    for split, share in source["shares"].items():
        if split == source["split"]:
            own = range(round(before * len(order)), round((before + share) * len(order)))
        before += share
    if not own:
        raise ValueError(
            f"{source['file']}: the split {source['split']!r} gets none of {len(order)} different "
            "documents: give each split files of its own, or another share"
        )
    chosen = set(order[own.start : own.stop])
    yield from (row for row, key in zip(held, keys, strict=True) if key in chosen)


def _is_message(value: object) -> bool:
    return isinstance(value, Mapping) and {"role", "content"} <= value.keys()


def _key(row: Row, seed: int) -> str:
    """A hash of a document without its name."""
    told = row["text"] if "text" in row else json.dumps(row["messages"], sort_keys=True)
    return hashlib.sha256(f"{seed}\n{told}".encode()).hexdigest()


def _documents(file: Path, folder: Path, field: str) -> Iterator[Row]:
    name = file.relative_to(folder).as_posix()
    if file.suffix == ".txt":
        yield document(name, _text(file, name))
        return
    read = _parquet_rows if file.suffix == ".parquet" else _json_rows
    for number, row in enumerate(read(file, field), 1):
        if not isinstance(row, dict) or field not in row:
            found = ", ".join(map(str, row)) if isinstance(row, dict) else type(row).__name__
            raise ValueError(f"{name}, row {number}: found {found}, expected the field {field!r}")
        yield document(f"{name}:{number}", row[field])


def _text(file: Path, name: str) -> str:
    try:
        # Not `read_text`: that would change the ends of lines.
        return file.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"{name}: not UTF-8 ({error})") from error


def _json_rows(file: Path, _field: str) -> Iterator[object]:
    opened = gzip.open if file.suffix == ".gz" else open
    try:
        with opened(file, "rb") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    yield _json(line, f"{file.name}, line {number}")
    except (EOFError, gzip.BadGzipFile) as error:
        raise ValueError(f"{file.name}: not a whole gzip file ({error})") from error


def _json(line: bytes, place: str) -> object:
    try:
        return json.loads(line.decode("utf-8"))
    except ValueError as error:
        raise ValueError(f"{place}: not JSON ({error})") from error


def _parquet_rows(file: Path, field: str) -> Iterator[object]:
    try:
        table = pq.ParquetFile(file)
        if field not in table.schema_arrow.names:
            yield dict.fromkeys(table.schema_arrow.names)
        for batch in table.iter_batches(columns=[field]):
            yield from batch.to_pylist()
    except (OSError, pa.ArrowInvalid) as error:
        raise ValueError(f"{file.name}: not a whole parquet file ({error})") from error
