"""Text of the hub as documents: pinned files, whole, with a checksum of what was made of them."""

import re

import pytest

from fetch_text import fetch_text
from heavytail.config.texts import TEXTS, with_split
from heavytail.io.files import read_json, read_lines, sha256
from support.data_sets import HUB_SPLITS, publish, text_rows


@pytest.mark.parametrize("split", HUB_SPLITS.values(), ids=map("-".join, HUB_SPLITS))
def test_a_split_is_one_file_of_a_pinned_revision(split, hub, tmp_path):
    publish(hub, tmp_path / "hub")
    fetch_text(split, str(tmp_path / "a.jsonl"), str(tmp_path / "a.json"))
    rows = read_lines(tmp_path / "a.jsonl")
    assert [{"text": row["text"]} for row in rows] == text_rows(split["file"])
    assert len({row["name"] for row in rows}) == len(rows)
    assert read_json(tmp_path / "a.json") == {
        "source": f"{split['hub']}/{split['file']}",
        "revision": split["revision"],
        "documents": 12,
        "documents_sha256": sha256(tmp_path / "a.jsonl"),
    }
    # Nothing but this file was fetched of the data.
    fetched = hub.asked(r"GET datasets/")
    assert [name for name in fetched if re.search(r"\.(gz|parquet)$", name)] == [
        f"GET datasets/{split['hub']}/resolve/{split['revision']}/{split['file']}"
    ]


def test_the_text_may_have_another_column_and_a_wrong_one_is_named(hub, tmp_path):
    publish(hub, tmp_path / "hub")
    paths = str(tmp_path / "a.jsonl"), str(tmp_path / "a.json")
    split = HUB_SPLITS["c4", "validation"]
    fetch_text(split | {"field": "url"}, *paths)
    assert {row["text"] for row in read_lines(paths[0])} == {"u"}
    with pytest.raises(
        ValueError, match=f"{split['file']}: found the columns text, url, expected 'txt'"
    ):
        fetch_text(split | {"field": "txt"}, *paths)


def test_every_text_of_the_hub_is_pinned_and_has_one_split_for_tuning():
    assert with_split("calibration") == ["c4", "python"]
    assert with_split("test") == ["wikitext2", "python"]
    assert with_split("validation") == list(TEXTS)
    assert all(len(split["revision"]) == 40 for split in HUB_SPLITS.values())
    assert len({(split["hub"], split["file"]) for split in HUB_SPLITS.values()}) == len(HUB_SPLITS)
