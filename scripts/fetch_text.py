"""Freeze a text data set of the hub as documents."""

from heavytail import hub_texts
from heavytail.files import write_lines
from heavytail.jobs import logged


def fetch_text(dataset: str, split: str, output: str) -> None:
    """Write one JSON line {"name", "text"} per document of the data set's split."""
    write_lines(output, hub_texts.documents(dataset, split))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        fetch_text(
            snakemake.wildcards.dataset, snakemake.wildcards.split, snakemake.output.documents
        )
