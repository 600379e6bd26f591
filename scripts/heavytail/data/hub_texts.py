"""Calibration, evaluation and tuning text from the hub, at pinned revisions."""

from collections.abc import Iterator

from heavytail.config.entries import TextPlace
from heavytail.data import hub_data


def documents(place: TextPlace) -> Iterator[dict[str, str]]:
    """The documents of one split of a text data set, {"name", "text"} each, in their own order.

    Args:
        place: "hub", the repository OWNER/NAME; "revision", a commit; "file", that of the split
            there; "field", the column that has the text; "split", its name.

    Raises:
        FetchError: the hub does not deliver the file.
        ValueError: a row has no such column.
    """
    split, file, field = place["split"], place["file"], place["field"]
    rows = hub_data.load(place["hub"], place["revision"], split, data_files={split: file})
    if field not in rows.column_names:
        raise ValueError(f"{file}: found no column {field!r}: {', '.join(rows.column_names)}")
    for number, row in enumerate(rows):
        yield {"name": f"{file}:{number}", "text": row[field]}
