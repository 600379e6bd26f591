"""Freeze a text data set of the hub as documents."""

from heavytail.config.entries import TextPlace
from heavytail.data import hub_texts
from heavytail.io.files import write_json, write_lines
from heavytail.running.jobs import logged


def fetch_text(place: TextPlace, documents: str, origin: str) -> None:
    """Write one JSON line {"name", "text"} per document of a split, and what text it is.

    Args:
        place: of the split.
        documents: JSON Lines.
        origin: JSON.
    """
    written = write_lines(documents, hub_texts.documents(place))
    source = f"{place['hub']}/{place['file']}"
    write_json(origin, {"source": source, "revision": place["revision"], **written})


if __name__ == "__main__":
    with logged(snakemake.log[0], fetches=True):
        fetch_text(snakemake.params.settings, **dict(snakemake.output))
