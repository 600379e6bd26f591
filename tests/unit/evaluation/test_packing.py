"""Requests packed into rows: each once, its own tokens in order, and no more tokens than apart."""

from hypothesis import given
from hypothesis import strategies as st

from heavytail.evaluation.packing import BRANCH_TOKENS, batches, packed

TOKENS = st.lists(st.integers(0, 3), min_size=1, max_size=40)
QUESTIONS = st.lists(st.tuples(TOKENS, st.lists(TOKENS, min_size=1, max_size=5)), min_size=1)


def requests_of(questions) -> list[list[int]]:
    return [context + choice for context, choices in questions for choice in choices]


@given(QUESTIONS, st.integers(0, 100))
def test_every_request_stands_in_a_row_once(questions, longest):
    requests = requests_of(questions)
    found = {}
    for row in packed(requests, longest):
        assert len(row.tokens) == len(row.positions) == len(row.branches)
        for number, own in row.members:
            assert number not in found
            found[number] = [row.tokens[index] for index in own]
            assert [row.positions[index] for index in own] == list(range(len(own)))
        if row.shared:
            assert sum(branch > 0 for branch in row.branches) <= BRANCH_TOKENS
            assert max(len(own) for _, own in row.members) <= longest
    assert [found[number] for number in range(len(requests))] == requests


@given(QUESTIONS)
def test_a_token_sees_the_tokens_before_it_in_its_own_request_alone(questions):
    for row in packed(requests_of(questions), 1000):
        for branch, (_, own) in enumerate(row.members, 1):
            for index in own:
                seen = [j for j in range(index + 1) if row.branches[j] in (0, row.branches[index])]
                assert row.branches[index] in (0, branch)
                assert seen == own[: own.index(index) + 1]


@given(QUESTIONS)
def test_no_more_tokens_than_apart(questions):
    requests = requests_of(questions)
    rows = packed(requests, 1000)
    assert sum(len(row.tokens) for row in rows) <= sum(map(len, requests))


def test_choices_of_a_question_share_its_context():
    context, choices = list(range(50)), [[60, 61], [60, 62, 63], [70]]
    other = [9, 8, 7, 6]
    first, second = packed([*(context + choice for choice in choices), other], 1000)
    assert first.tokens == [*context, 60, 61, 60, 62, 63, 70]
    assert first.positions == [*range(50), 50, 51, 50, 51, 52, 50]
    assert first.branches == [0] * 50 + [1, 1, 2, 2, 2, 3]
    assert [number for number, _ in first.members] == [0, 1, 2]
    assert second.tokens == other and not second.shared


def test_choices_that_are_most_of_a_request_stand_apart():
    rows = packed([[1, 2, *range(10, 20)], [1, 2, *range(30, 40)]], 1000)
    assert len(rows) == 2


@given(QUESTIONS, st.integers(1, 300))
def test_batches_hold_every_row_once_and_keep_to_the_budget(questions, budget):
    rows = packed(requests_of(questions), 1000)
    found = list(batches(rows, budget))
    assert sorted(map(id, rows)) == sorted(id(row) for batch in found for row in batch)
    for batch in found:
        assert len({row.shared for row in batch}) == 1
        assert len(batch) == 1 or len(batch) * max(len(row.tokens) for row in batch) <= budget
