"""Calibration, evaluation and tuning text from the hub, at pinned revisions."""

from collections.abc import Iterator
from dataclasses import dataclass

from heavytail.data import hub_data


@dataclass(frozen=True)
class HubText:
    """Where one split of a text data set lies."""

    repository: str
    revision: str
    file: str


def _c4(file: str) -> HubText:
    return HubText("allenai/c4", "607bd4c8450a42878aa9ddc051a65a055450ef87", f"en/{file}.json.gz")


def _wikitext2(file: str) -> HubText:
    revision = "b08601e04326c79dfdd32d625aee71d232d685c3"
    return HubText("Salesforce/wikitext", revision, f"wikitext-2-raw-v1/{file}.parquet")


# The first C4 train shard calibrates and the raw WikiText-2 test split is scored, as in the notes;
# both data sets' own validation splits are for tuning.
HUB_TEXTS = {
    ("c4", "calibration"): _c4("c4-train.00000-of-01024"),
    ("c4", "validation"): _c4("c4-validation.00000-of-00008"),
    ("wikitext2", "test"): _wikitext2("test-00000-of-00001"),
    ("wikitext2", "validation"): _wikitext2("validation-00000-of-00001"),
}


def documents(dataset: str, split: str) -> Iterator[dict[str, str]]:
    """The documents of a data set's split, {"name", "text"} each, in their own order.

    Args:
        dataset: "c4" or "wikitext2".
        split: "calibration", "test" or "validation".

    Raises:
        KeyError: the data set has no such split here.
        FetchError: the hub does not deliver it.
    """
    source = HUB_TEXTS[dataset, split]
    files = {split: source.file}
    rows = hub_data.load(source.repository, source.revision, split, data_files=files)
    for number, row in enumerate(rows):
        yield {"name": f"{source.file}:{number}", "text": row["text"]}
