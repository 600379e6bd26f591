"""Freeze a text data set of the hub as documents."""

from heavytail.config.entries import TextSource
from heavytail.data import hub_texts
from heavytail.io.files import write_json, write_lines
from heavytail.running.jobs import logged


def fetch_text(source: TextSource, documents: str, origin: str) -> None:
    """Write the documents of a split, {"name", "text"} each, and where they come from.

    Args:
        source: where the split is, as `hub_texts.documents` takes it.
        documents: the JSON Lines file to write.
        origin: the JSON file to write.
    """
    written = write_lines(documents, hub_texts.documents(source))
    file = f"{source['hub']}/{source['file']}"
    write_json(origin, {"source": file, "revision": source["revision"], **written})


if __name__ == "__main__":
    with logged(snakemake.log[0], fetches=True):
        fetch_text(snakemake.params.settings, **dict(snakemake.output))
