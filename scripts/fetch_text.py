"""Freeze a text data set of the hub as documents."""

from heavytail.data import hub_texts
from heavytail.io.files import write_json, write_lines
from heavytail.running.jobs import logged


def fetch_text(dataset: str, split: str, documents: str, origin: str) -> None:
    """Write one JSON line {"name", "text"} per document of a split, and what text it is."""
    written = write_lines(documents, hub_texts.documents(dataset, split))
    place = hub_texts.HUB_TEXTS[dataset, split]
    source = f"{place.repository}/{place.file}"
    write_json(origin, {"source": source, "revision": place.revision, **written})


if __name__ == "__main__":
    with logged(snakemake.log[0], fetches=True):
        wanted = snakemake.wildcards
        fetch_text(wanted.dataset, wanted.split, **dict(snakemake.output))
