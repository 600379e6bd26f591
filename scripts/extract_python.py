"""Freeze the held-out files of Python's standard library as documents."""

import platform

from heavytail.data import corpus
from heavytail.io.files import write_json, write_lines
from heavytail.running.jobs import logged


def extract_python(split: str, documents: str, origin: str) -> None:
    """Write the files of the split, {"name", "text"} each, and where they come from."""
    files = ({"name": name, "text": text} for name, text in corpus.held_out(split))
    written = write_lines(documents, files)
    release = platform.python_version()
    write_json(origin, {"source": "Python standard library", "revision": release, **written})


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        extract_python(snakemake.wildcards.split, **dict(snakemake.output))
