"""Text of the hub as documents: pinned files, whole, with a checksum of what was made of them."""

import re

import pytest

from fetch_text import fetch_text
from heavytail.data import hub_texts
from heavytail.io.files import read_json, read_lines, sha256
from support.data_sets import publish, text_rows


@pytest.mark.parametrize(("dataset", "split"), hub_texts.HUB_TEXTS)
def test_a_split_is_one_file_of_a_pinned_revision(dataset, split, hub, tmp_path):
    publish(hub, tmp_path / "hub")
    fetch_text(dataset, split, str(tmp_path / "a.jsonl"), str(tmp_path / "a.json"))
    place = hub_texts.HUB_TEXTS[dataset, split]
    rows = read_lines(tmp_path / "a.jsonl")
    assert [{"text": row["text"]} for row in rows] == text_rows(place.file)
    assert len({row["name"] for row in rows}) == len(rows)
    assert read_json(tmp_path / "a.json") == {
        "source": f"{place.repository}/{place.file}",
        "revision": place.revision,
        "documents": 12,
        "documents_sha256": sha256(tmp_path / "a.jsonl"),
    }
    # Nothing but this file was fetched of the data.
    fetched = hub.asked(r"GET datasets/")
    assert [name for name in fetched if re.search(r"\.(gz|parquet)$", name)] == [
        f"GET datasets/{place.repository}/resolve/{place.revision}/{place.file}"
    ]


def test_every_text_that_the_config_may_name_has_a_pinned_place_and_one_for_tuning():
    assert set(hub_texts.HUB_TEXTS) == {
        *(("c4", "calibration"), ("c4", "validation")),
        *(("wikitext2", "test"), ("wikitext2", "validation")),
    }
    assert all(len(place.revision) == 40 for place in hub_texts.HUB_TEXTS.values())
    assert len(set(hub_texts.HUB_TEXTS.values())) == 4
