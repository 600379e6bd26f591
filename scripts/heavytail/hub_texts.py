"""Calibration and evaluation text from the hub, at pinned revisions."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import datasets


@dataclass(frozen=True)
class HubText:
    """Where one split of a text data set lies."""

    repository: str
    revision: str
    file: str


# The first C4 train shard calibrates and the raw WikiText-2 test split is scored, as in the notes.
HUB_TEXTS = {
    ("c4", "calibration"): HubText(
        "allenai/c4",
        "607bd4c8450a42878aa9ddc051a65a055450ef87",
        "en/c4-train.00000-of-01024.json.gz",
    ),
    ("wikitext2", "test"): HubText(
        "Salesforce/wikitext",
        "b08601e04326c79dfdd32d625aee71d232d685c3",
        "wikitext-2-raw-v1/test-00000-of-00001.parquet",
    ),
}


def documents(
    dataset: str, split: str, load: Callable = datasets.load_dataset
) -> Iterator[dict[str, str]]:
    """The documents of a data set's split, {"name", "text"} each, in their own order.

    Args:
        dataset: "c4" or "wikitext2".
        split: "calibration" or "test".
        load: stands in for datasets.load_dataset where there is no hub.

    Raises:
        KeyError: the data set has no such split here.
        ConnectionError: the hub does not deliver it.
    """
    source = HUB_TEXTS[dataset, split]
    try:
        rows = load(
            source.repository,
            data_files={"all": source.file},
            revision=source.revision,
            split="all",
        )
    except (OSError, ValueError, datasets.exceptions.DatasetsError) as error:
        reason = str(error).splitlines()[0]
        raise ConnectionError(
            f"{source.repository}: the hub did not deliver it ({reason})"
        ) from error
    for number, row in enumerate(rows):
        yield {"name": f"{source.file}:{number}", "text": row["text"]}
