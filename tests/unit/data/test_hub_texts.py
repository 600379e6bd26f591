"""Text of the hub as documents: pinned files, whole, with a checksum of what was made of them."""

import re

import pytest

from fetch_text import fetch_text
from heavytail.config.texts import TEXTS
from heavytail.io.files import read_json, read_lines, sha256
from support.data_sets import HUB_SPLITS, publish, text_rows


@pytest.mark.parametrize("split", HUB_SPLITS.values(), ids=map("-".join, HUB_SPLITS))
def test_a_split_is_one_file_of_a_pinned_revision(split, hub, tmp_path):
    publish(hub, tmp_path / "hub")
    fetch_text(split, str(tmp_path / "a.jsonl"), str(tmp_path / "a.json"))
    rows, published = read_lines(tmp_path / "a.jsonl"), text_rows(split["file"])
    found, share = [{"text": row["text"]} for row in rows], split.get("shares", {})
    assert found == [row for row in published if row in found]
    assert len(found) == round(share.get(split["split"], 1) * len(published))
    assert len({row["name"] for row in rows}) == len(rows)
    assert read_json(tmp_path / "a.json") == {
        "source": f"{split['hub']}/{split['file']}",
        "revision": split["revision"],
        "documents": len(rows),
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


def test_the_splits_of_one_file_share_no_document(hub, tmp_path):
    publish(hub, tmp_path / "hub")
    found = []
    for split in TEXTS["fineweb_edu"].files:
        path = str(tmp_path / f"{split}.jsonl")
        fetch_text(HUB_SPLITS["fineweb_edu", split], path, path + ".json")
        found += [row["text"] for row in read_lines(path)]
    file = HUB_SPLITS["fineweb_edu", "test"]["file"]
    assert sorted(found) == sorted(row["text"] for row in text_rows(file))


def test_every_text_of_the_hub_is_pinned_or_asks_for_its_commit():
    pinned = {name: text for name, text in TEXTS.items() if text.revision}
    assert set(TEXTS) - set(pinned) == {"python", "ptb"}
    assert all(len(text.revision) == 40 for text in pinned.values())
    assert all("validation" in text.files for text in TEXTS.values())
    files = {(s["hub"], s["file"]) for s in HUB_SPLITS.values() if "shares" not in s}
    assert len(files) == len([s for s in HUB_SPLITS.values() if "shares" not in s])
