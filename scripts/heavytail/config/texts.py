"""The text data sets, a row each (standard library only: parse time).

No job imports this table: a job receives what it needs of a row as a param of its rule. A new row
therefore makes nothing stale.
"""

from dataclasses import dataclass

from heavytail.config.entries import TextSource

# Methods calibrate on the first, cells are scored on the second, and trials on the third.
SPLITS = ("calibration", "test", "validation")


@dataclass(frozen=True)
class Text:
    """Where a text comes from.

    Attributes:
        files: split → the file of the repository that holds it; None if there is no `hub`.
        hub: OWNER/NAME of a data set on the Hugging Face hub; None for the text that is made on
            this machine, the source code of Python's standard library.
        revision: the commit.
        field: the column of the file that holds the text of a document.
    """

    files: dict[str, str | None]
    hub: str | None = None
    revision: str | None = None
    field: str = "text"


# The first C4 train shard calibrates and the raw WikiText-2 test split is scored, as for the
# reference results. The validation splits of both data sets are for tuning.
TEXTS = {
    "c4": Text(
        hub="allenai/c4",
        revision="607bd4c8450a42878aa9ddc051a65a055450ef87",
        files={
            "calibration": "en/c4-train.00000-of-01024.json.gz",
            "validation": "en/c4-validation.00000-of-00008.json.gz",
        },
    ),
    "wikitext2": Text(
        hub="Salesforce/wikitext",
        revision="b08601e04326c79dfdd32d625aee71d232d685c3",
        files={
            "test": "wikitext-2-raw-v1/test-00000-of-00001.parquet",
            "validation": "wikitext-2-raw-v1/validation-00000-of-00001.parquet",
        },
    ),
    "python": Text(files=dict.fromkeys(SPLITS)),
}


def with_split(split: str) -> list[str]:
    """The texts that have a split."""
    return [name for name, text in TEXTS.items() if split in text.files]


def source_of(name: str, split: str) -> TextSource:
    """What the job must know that fetches a split of a text; the text is one of the hub."""
    text, file = TEXTS[name], TEXTS[name].files[split]
    assert text.hub and text.revision and file, f"{name} is no text of the hub"
    return {
        "hub": text.hub,
        "revision": text.revision,
        "file": file,
        "field": text.field,
        "split": split,
    }
