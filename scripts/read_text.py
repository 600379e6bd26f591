"""Freeze a split of a local text as documents."""

from heavytail.config.entries import TextSource
from heavytail.data.documents import local_documents
from heavytail.io.files import write_json, write_lines
from heavytail.running.jobs import logged


def read_text(source: TextSource, content: dict[str, str], documents: str, origin: str) -> None:
    """Write the documents of a split, one a line, and where they come from.

    Args:
        source: where the split is, as `local_documents` takes it.
        content: the name of what holds it, and the SHA-256 of its files together.
        documents: the JSON Lines file to write.
        origin: the JSON file to write.
    """
    written = write_lines(documents, local_documents(source))
    write_json(origin, {"source": content["name"], "revision": content["sha256"], **written})


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        read_text(snakemake.params.settings, snakemake.params.content, **dict(snakemake.output))
