"""Calibration, evaluation and tuning text from the hub, at pinned revisions."""

from collections.abc import Iterator

from heavytail.config.entries import TextSource
from heavytail.data import hub_data
from heavytail.data.documents import Row, document, not_empty, own_share


def documents(source: TextSource) -> Iterator[Row]:
    """The documents of one split of a text data set, in their own order.

    Raises:
        FetchError: the hub does not deliver the file.
        ValueError: the file has no such column, or nothing in it that is a document.
    """
    split, file, field = source["split"], source["file"], source["field"]
    rows = hub_data.load(source["hub"], source["revision"], split, data_files={split: file})
    if field not in rows.column_names:
        found = ", ".join(rows.column_names)
        raise ValueError(f"{file}: found the columns {found}, expected {field!r}")
    found_rows = (document(f"{file}:{number}", row[field]) for number, row in enumerate(rows))
    return own_share(not_empty(found_rows, file), source)
