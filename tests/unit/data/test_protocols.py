"""Windows that are scored in part."""

import pytest
import torch

from heavytail.data import protocols
from heavytail.data.protocols import Scored, document_windows, token_windows, wikitext_pages
from support.tiny_model import byte_tokenizer


def scored_places(found: Scored, row: int) -> list[int]:
    """The ids of a row that are scored."""
    end = int(found.ends[row])
    return found.input_ids[row, end - int(found.scored[row]) : end].tolist()


@pytest.mark.parametrize(("stride", "bos"), [(3, None), (None, 99), (4, 99), (7, 99)])
def test_each_token_of_a_stream_is_scored_once(stride, bos):
    ids = torch.arange(31)
    found = token_windows(ids, 8, stride, bos, None)
    assert found.input_ids.shape[1] == 8
    places = [place for row in range(len(found.ends)) for place in scored_places(found, row)]
    first = 0 if bos else 1
    assert places == list(range(first, first + len(places)))
    content = 7 if bos else 8
    assert len(found.ends) == (31 - content) // (stride or content) + 1
    assert found.units.sum() == len(places)
    if bos:
        assert (found.input_ids[:, 0] == bos).all()


def test_a_stream_that_is_too_short_says_so():
    assert len(token_windows(torch.arange(31), 8, 4, None, 2).ends) == 2
    with pytest.raises(ValueError, match="31 tokens, too few for 8 windows of 8"):
        token_windows(torch.arange(31), 8, 4, None, 8)
    with pytest.raises(ValueError, match="7 tokens, too few for 1 windows of 8"):
        token_windows(torch.arange(7), 8, 4, None, None)


DOCUMENTS = [list(range(100, 121)), [7], list(range(200, 208))]


@pytest.mark.parametrize("stride", [None, 3, 8])
def test_all_tokens_of_every_document_are_scored_after_what_stands_before_them(stride):
    found = document_windows(DOCUMENTS, [5, 1, 2], 8, stride, 99, None)
    rows = range(len(found.ends))
    places = [scored_places(found, row) for row in rows]
    for number, ids in enumerate(DOCUMENTS):
        own = [place for row in rows if found.groups[row] == number for place in places[row]]
        assert own == ids
    assert (found.ends <= 9).all() and found.units.tolist() == [5, 1, 2]
    for row in rows:
        known = [99, *DOCUMENTS[int(found.groups[row])]]
        told = found.input_ids[row, : int(found.ends[row])].tolist()
        start = known.index(told[0])
        assert known[start : start + len(told)] == told


def test_whole_documents_are_taken_up_to_a_number_of_windows():
    found = document_windows(DOCUMENTS, [5, 1, 2], 8, None, 99, 4)
    assert found.units.tolist() == [5, 1] and len(found.ends) == 4
    with pytest.raises(ValueError, match="the first document has more than 2 windows"):
        document_windows(DOCUMENTS, [5, 1, 2], 8, None, 99, 2)


def test_lines_become_pages_and_no_line_is_lost():
    rows = ["", " = One = \n", "", " text \n", " = = Part = = \n", "", " = Two = \n", " more \n"]
    assert wikitext_pages(rows) == [
        " = One = \n \n text \n = = Part = = \n ",
        " = Two = \n more \n",
    ]


def test_words_and_bytes_are_counted_as_lm_eval_counts_them():
    assert protocols.words(" = One = \n") == 5 and protocols.in_bytes("ü a") == 4


SETTINGS = {"length": 8, "stride": None, "windows": None, "join": " ", "pages": False}


def test_a_policy_needs_its_token():
    tokenizer = byte_tokenizer()
    tokenizer.bos_token = None
    settings = SETTINGS | {"bos": "windows", "unit": "token"}
    with pytest.raises(ValueError, match=r"evaluation\.bos: the model's tokenizer has no BOS"):
        protocols.cut(tokenizer, ["a text of some length"], False, settings)
    # Without BOS, EOS stands before a document.
    found = protocols.cut(tokenizer, ["a"], False, SETTINGS | {"bos": "none", "unit": "byte"})
    assert found.input_ids[0, 0] == tokenizer.eos_token_id
