import sys
from types import ModuleType, SimpleNamespace

import pytest

from heavytail.running.planning import remember, remembered


def counted(answer):
    """A function that keeps what it was asked, and it remembered."""
    questions = []

    def asked(*question):
        questions.append(question)
        return answer(*question)

    return questions, remembered(asked)


def test_a_question_is_answered_once():
    questions, ask = counted(lambda *question: sum(question))
    assert [ask(1, 2), ask(2, 1), ask(1, 2), ask()] == [3, 3, 3, 0]
    assert questions == [(1, 2), (2, 1), ()]


def test_nothing_is_an_answer_too():
    questions, ask = counted(lambda _: None)
    assert ask("a") is None and ask("a") is None
    assert questions == [("a",)]


def test_a_question_without_a_hash_is_asked_every_time():
    questions, ask = counted(len)
    assert [ask([1]), ask([1])] == [1, 1]
    assert questions == [([1],), ([1],)]


@pytest.mark.parametrize("error", [TypeError, ValueError])
def test_an_error_is_the_function_s_own_and_not_asked_for_again(error):
    def refuse(_):
        raise error("its own")

    questions, ask = counted(refuse)
    for times in (1, 2):
        with pytest.raises(error, match="its own"):
            ask("a")
        assert len(questions) == times


@pytest.fixture
def module(monkeypatch) -> ModuleType:
    made = ModuleType("others")
    made.ask = lambda name: SimpleNamespace(name=name)
    monkeypatch.setitem(sys.modules, "others", made)
    return made


def test_a_function_of_a_module_is_replaced_once(module):
    plain = module.ask
    remember("others:ask")
    replaced = module.ask
    assert replaced.__wrapped__ is plain and replaced("a") is replaced("a")
    remember("others:ask")
    assert module.ask is replaced


def test_what_is_not_there_is_left_out(module):
    before = dict(vars(module))
    remember("others:answer")
    remember("nowhere.at.all:ask")
    assert vars(module) == before
