"""The text data sets, a row each (standard library only: parse time).

No job imports this table: a job receives what it needs of a row as a param of its rule. A new row
therefore makes nothing stale. A config adds rows of its own (heavytail.config.own_texts).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from heavytail.config.entries import TextSource

# Methods calibrate on the first, cells are scored on the second, and trials on the third.
SPLITS = ("calibration", "test", "validation")
BLANK_LINE = "\n\n"


@dataclass(frozen=True)
class Text:
    """Where a text comes from.

    Attributes:
        files: split → what holds it: a file of the repository, or a local file, folder or glob.
            Several splits may lie in one place if there are `shares`.
        hub: OWNER/NAME of a data set on the Hugging Face hub; None for a local text.
        revision: the commit; None if the config must give it.
        field: the column of the file that holds the text of a document, or its messages.
        shares: split → the share of the documents that is its own; empty if all are.
        seed: draws which documents these are.
        made_here: the text is the source code of this machine's Python, and `files` hold nothing.
        join: what stands between two documents that are scored.
        pages: whether the documents are the lines of WikiText's pages, which lm-eval scores whole.
    """

    files: Mapping[str, str]
    hub: str | None = None
    revision: str | None = None
    field: str = "text"
    shares: Mapping[str, float] | None = None
    seed: int = 0
    made_here: bool = False
    join: str = BLANK_LINE
    pages: bool = False


SHARES = {"calibration": 0.8, "test": 0.1, "validation": 0.1}
# The first C4 train shard calibrates and the raw WikiText-2 test split is scored, as for the
# reference results. The validation splits are for tuning.
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
        pages=True,
    ),
    "python": Text(files=dict.fromkeys(SPLITS, ""), made_here=True),
    # The hub's own conversion to parquet, of which no published program names a commit. Programs
    # that score it join its sentences by spaces.
    "ptb": Text(
        hub="ptb-text-only/ptb_text_only",
        files={
            "test": "penn_treebank/test/0000.parquet",
            "validation": "penn_treebank/validation/0000.parquet",
        },
        field="sentence",
        join=" ",
    ),
    # The smallest file of the sample of ten billion tokens. The repository has one split.
    "fineweb_edu": Text(
        hub="HuggingFaceFW/fineweb-edu",
        revision="87f09149ef4734204d70ed1d046ddc9ca3f2b8f9",
        files=dict.fromkeys(SPLITS, "sample/10BT/013_00000.parquet"),
        shares=SHARES,
    ),
    # A sample of SlimPajama with its splits: the whole has files of a kind that needs a package.
    "slimpajama": Text(
        hub="DKYoon/SlimPajama-6B",
        revision="b5f90f419b7489cdba26fdbc8c022fcb5562f968",
        files={
            "calibration": "data/train-00000-of-00048-ab2b35705f029d94.parquet",
            "test": "data/test-00000-of-00001-9f769cf7ce219017.parquet",
            "validation": "data/validation-00000-of-00001-4fb685c22a3f91ef.parquet",
        },
    ),
}


def source_of(text: Text, split: str) -> TextSource:
    """What the job must know that reads a split of a text, of the hub or a local one."""
    found: TextSource = {"file": text.files[split], "field": text.field, "split": split}
    if text.hub and text.revision:
        found = {"hub": text.hub, "revision": text.revision, **found}
    return {**found, "shares": dict(text.shares), "seed": text.seed} if text.shares else found
