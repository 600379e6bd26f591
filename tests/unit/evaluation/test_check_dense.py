"""The dense model's perplexity against what it is known for."""

import json

import pytest

from check_dense import check_dense
from heavytail.io.files import write_json

RECORD = {
    "perplexity": 5.70,
    "reason": None,
    "model": {"source": "owner/model", "revision": "abc"},
    "dataset": "wikitext2",
    "source": "Salesforce/wikitext",
    "revision": "def",
    "bos": "none",
    "windows": 166,
    "length": 2048,
}


def checked(tmp_path, expected: float, **changes) -> dict:
    write_json(tmp_path / "dense.json", RECORD | changes)
    expectation = {"text": {"dataset": "x"}, "perplexity": expected, "tolerance": 0.01}
    model = str(tmp_path / "provenance.json")
    write_json(model, {})
    output = tmp_path / "verdict.json"
    check_dense("a", model, str(tmp_path / "dense.json"), expectation, str(output))
    return json.loads(output.read_text())


@pytest.mark.parametrize("expected", [5.68, 5.70, 5.75, 5.65])
def test_what_is_within_the_tolerance_passes(expected, tmp_path):
    found = checked(tmp_path, expected)
    assert found["perplexity"] == 5.70 and found["expectation"]["perplexity"] == expected


@pytest.mark.parametrize("expected", [5.64, 5.76, 7.1])
def test_what_is_outside_fails_with_what_was_measured(expected, tmp_path):
    with pytest.raises(ValueError) as raised:
        checked(tmp_path, expected)
    assert str(raised.value) == (
        f"models.a.perplexity: found 5.7000, expected {expected} within 1.00%: likely another "
        "tokenizer, text or revision; measured with owner/model at revision abc on wikitext2 "
        "(Salesforce/wikitext at revision def), 166 windows of 2048, BOS: none"
    )
    assert not (tmp_path / "verdict.json").exists()


def test_no_number_fails(tmp_path):
    with pytest.raises(ValueError, match=r"found none \(the loss is nan\), expected 5\.68"):
        checked(tmp_path, 5.68, perplexity=None, reason="the loss is nan")
