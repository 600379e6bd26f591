"""Tasks made of Python source: what is asked really stands there, and nowhere is it given away."""

import ast
import random
from collections import Counter
from functools import partial
from importlib import import_module

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import pre_tokenizers

from build_python_task import build_python_task
from heavytail.config import tasks
from heavytail.data import corpus, python_tasks
from heavytail.data.tasks import python_attribute, python_continuation
from heavytail.io.files import read_lines, sha256, write_lines

TASKS = [name for name, row in tasks.TASKS.items() if row.folder is None]


def builder(task: str):
    """What makes the rows of a task of files."""
    ask = import_module(f"heavytail.data.tasks.{task}").questions
    return partial(python_tasks.build, ask=ask)


@pytest.fixture(scope="module")
def files():
    return corpus.held_out("test")


@pytest.fixture(scope="module", params=TASKS)
def task(request):
    return request.param


@pytest.fixture(scope="module")
def documents(task, files):
    return builder(task)(files)


def assert_sound(document: dict, text: str) -> None:
    """The row asks for what stands in the file, and its distractors stand there elsewhere."""
    context, choices, answer = document["context"], document["choices"], document["answer"]
    assert len(set(choices)) == len(choices) == 4
    assert f"\n{context}{choices[answer]}" in f"\n{text}"
    for choice in choices:
        assert choice in text
    assert len(context) <= 400 and context == context.rstrip()


def test_the_held_out_library_gives_the_whole_task(task, files, documents):
    texts = {name: "\n".join(python_tasks.source_lines(text)) for name, text in files}
    assert len(documents) == 160
    for document in documents:
        assert_sound(document, texts[document["source"]])


def test_every_position_is_the_answer_equally_often_and_no_file_prevails(documents):
    assert Counter(row["answer"] for row in documents) == dict.fromkeys(range(4), 40)
    sources = Counter(row["source"] for row in documents)
    assert len(sources) > 30 and max(sources.values()) < 16
    assert len({(row["source"], row["context"]) for row in documents}) == 160


def test_rows_depend_on_files_and_seed_alone(task, files):
    build, some = builder(task), files[:20]
    rows = build(some, count=40)
    assert build(random.Random(1).sample(some, len(some)), count=40) == rows
    assert build(some, count=40, seed=1) != rows


def test_an_edit_of_one_file_leaves_the_questions_of_the_others(task, files):
    def others(chosen):
        rows = builder(task)(chosen, count=40)
        # The answers' places are dealt out over all rows.
        return {
            (r["source"], r["context"], *sorted(r["choices"]))
            for r in rows
            if r["source"] != edited
        }

    some = files[:20]
    edited = builder(task)(some, count=40)[0]["source"]
    more = "\n\ndef f(self):\n    x = 1\n    y = 2\n    self.some_long_name = self.x\n"
    assert others([(name, text + more * (name == edited)) for name, text in some]) == others(some)


def test_the_longest_distractor_is_no_giveaway(documents):
    # Whoever always picks the longest, or the shortest, choice should do little better than chance.
    for pick in (max, min):
        hits = sum(pick(r["choices"], key=len) == r["choices"][r["answer"]] for r in documents)
        assert hits / len(documents) < 0.45


def test_a_choice_begins_where_a_token_begins(documents):
    pattern = pre_tokenizers.ByteLevel(add_prefix_space=False)
    for document in documents:
        for choice in document["choices"]:
            pieces = pattern.pre_tokenize_str(document["context"] + choice)
            assert len(document["context"]) in {start for _, (start, _) in pieces}


def test_a_choice_after_the_dot_would_not_begin_a_token():
    # Why the dot belongs to the choice: the test above must be able to fail.
    pieces = pre_tokenizers.ByteLevel(add_prefix_space=False).pre_tokenize_str("self._name")
    assert len("self.") not in {start for _, (start, _) in pieces}


def test_too_few_questions_are_an_error_and_text_that_is_no_python_gives_none(task):
    with pytest.raises(ValueError, match="the files give 0 documents, expected 160"):
        builder(task)([("a.txt", "no python (\n"), ("b.py", "\0"), ("c.py", "x = 1\n")])


STATEMENTS = st.sampled_from(
    [
        "value = self.alpha.beta",
        "self.gamma = other.delta_1",
        "return {{self._hidden}}",
        "text = 'é' + self.épsilon",
        "first = 1; second = 2",
        "call(one.two).three.four",
        "noted = self.five  # a comment",
        'joined = """two\n    lines"""',
        "pass",
        "self.six = seven.eight",
        "(lone\n     .attribute).nine = 9",
    ]
)
FUNCTIONS = st.lists(STATEMENTS, min_size=1, max_size=9)


@given(bodies=st.lists(FUNCTIONS, min_size=2, max_size=5), newline=st.sampled_from(["\n", "\r\n"]))
@settings(max_examples=80, deadline=None)
def test_questions_are_sound_in_any_module(bodies, newline):
    lines = []
    for number, body in enumerate(bodies):
        lines += [f"def f{number}(self):", *(f"    {statement}" for statement in body), "\x0c"]
    text = "\n".join(lines)
    ast.parse(text)
    for module in (python_continuation, python_attribute):
        source = text.replace("\n", newline)
        available = len(python_tasks.questions_of("m.py", source, module.questions, 0))
        for document in python_tasks.build([("m.py", source)], module.questions, available):
            assert_sound(document, text)
            if module is python_attribute:
                assert all(choice[1:].isidentifier() for choice in document["choices"])
            else:
                # One line, and the whole of it.
                assert all(f"{choice}\n" in text for choice in document["choices"])
                assert all(choice.count("\n") == 1 for choice in document["choices"])


def test_a_statement_is_asked_for_only_where_it_fills_its_line():
    body = ["    alone = 1 + 2", "    one = 1; two = 22", "    said = 3  # why", "    short = 1"]
    lines = ["def f():", '    """A docstring."""', *body]
    function = python_tasks.functions(ast.parse("\n".join(lines)))[0]
    assert python_continuation.statements(lines, function) == {2: "    alone = 1 + 2"}


def test_an_attribute_is_found_behind_letters_of_several_bytes():
    lines = ["def f(self):", "    said = 'é' + self.name + self.épsilon", "    g().other"]
    function = python_tasks.functions(ast.parse("\n".join(lines)))[0]
    # Not behind a bracket, which GPT-2's pattern joins to the dot.
    places = [(1, lines[1].index(".name"), "name"), (1, lines[1].index(".é"), "épsilon")]
    assert list(python_attribute.attribute_places(lines, function)) == places


def test_the_script_names_the_data_as_it_was_given(task, files, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_lines("documents.jsonl", [{"name": name, "text": text} for name, text in files])
    build_python_task("documents.jsonl", {"task": task}, "tasks/data.jsonl", "tasks/task.yaml")
    found = yaml.safe_load((tmp_path / "tasks/task.yaml").read_text())
    assert found["scores"] == {task: "acc,none"} and list(found["tasks"]) == [task]
    assert found["tasks"][task]["dataset_kwargs"] == {"data_files": {"test": task}}
    rows = [{"of": task, "row": row} for row in builder(task)(files)]
    assert read_lines("tasks/data.jsonl") == rows
    told = {"documents": 160, "documents_sha256": sha256("tasks/data.jsonl")}
    assert found["metadata"] == {"source": "Python's standard library"} | told
