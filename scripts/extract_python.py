"""Freeze the held-out files of Python's standard library as documents."""

from heavytail import corpus
from heavytail.files import write_lines
from heavytail.jobs import logged


def extract_python(split: str, output: str) -> None:
    """Write one JSON line {"name", "text"} per file of the split."""
    write_lines(output, ({"name": n, "text": text} for n, text in corpus.held_out(split)))


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        extract_python(snakemake.wildcards.split, snakemake.output.documents)
