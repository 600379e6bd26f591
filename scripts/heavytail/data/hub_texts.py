"""Calibration, evaluation and tuning text from the hub, at pinned revisions."""

from collections.abc import Iterator

from heavytail.config.entries import TextSource
from heavytail.data import hub_data


def documents(source: TextSource) -> Iterator[dict[str, str]]:
    """The documents of one split of a text data set, {"name", "text"} each, in their own order.

    Args:
        source: "hub", the repository OWNER/NAME; "revision", the commit; "file", the file of the
            split; "field", the column that has the text; "split", its name.

    Raises:
        FetchError: the hub does not deliver the file.
        ValueError: the file has no such column.
    """
    split, file, field = source["split"], source["file"], source["field"]
    rows = hub_data.load(source["hub"], source["revision"], split, data_files={split: file})
    if field not in rows.column_names:
        found = ", ".join(rows.column_names)
        raise ValueError(f"{file}: found the columns {found}, expected {field!r}")
    for number, row in enumerate(rows):
        yield {"name": f"{file}:{number}", "text": row[field]}
