import pytest

from heavytail import hub_texts


def test_documents_come_from_one_file_of_a_pinned_revision():
    asked = {}

    def load(repository, **keywords):
        asked.update(keywords, repository=repository)
        return [{"text": "one", "url": "x"}, {"text": "two", "url": "y"}]

    rows = list(hub_texts.documents("c4", "calibration", load))
    assert [row["text"] for row in rows] == ["one", "two"]
    assert len({row["name"] for row in rows}) == 2
    assert asked["repository"] == "allenai/c4" and len(asked["revision"]) == 40
    assert asked["data_files"] == {"all": "en/c4-train.00000-of-01024.json.gz"}


def test_every_text_that_the_config_may_name_has_a_pinned_place():
    assert set(hub_texts.HUB_TEXTS) == {("c4", "calibration"), ("wikitext2", "test")}
    assert all(len(place.revision) == 40 for place in hub_texts.HUB_TEXTS.values())


def test_a_hub_that_delivers_nothing_is_one_line():
    def load(*_arguments, **_keywords):
        raise OSError("no route\nto host")

    with pytest.raises(ConnectionError) as caught:
        list(hub_texts.documents("wikitext2", "test", load))
    line = "Salesforce/wikitext: the hub did not deliver it (no route)"
    assert str(caught.value) == line
