"""Multiple-choice tasks made of held-out Python files: no download, no labels, no licence.

Each question asks which of four strings of the same file stands at a position in a function.
lm-eval tokenizes context + choice, and scores what comes after as many tokens as the context alone
has. So a choice must begin where the tokenizer begins a new token. With GPT-2's pattern it does: at
a newline after a character that is not a space, or at a dot after a letter or digit. (LLaMA 3's
pattern joins the newline to punctuation before it. The newline is then left out of all four choices
alike.) If the context ended with the dot, GPT-2's pattern would join "._" and leave the underscore
unscored, and LLaMA 3's would join ".name" and leave nothing to score.

Each task has a module below `data/tasks`, whose function `questions` says what the task asks for.
"""

import ast
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import chain, zip_longest
from typing import Any

from heavytail.data.frozen_tasks import Entry

DOCUMENTS = 160
SEED = 0
CHOICES = 4
MAX_CONTEXT_CHARACTERS = 400
MAX_CONTEXT_LINES = 12
MIN_CONTEXT_LINES = 3
# Distractors are drawn from this many candidates, those nearest to the answer in length.
NEAREST = 12

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Question:
    """A position in a file: the text before it, the text there, and what else could stand there."""

    context: str
    answer: str
    distractors: tuple[str, ...]


# The lines of a file and its syntax tree → per function, the positions that may be asked for.
Ask = Callable[[list[str], ast.Module], Iterator[list[Question]]]


def source_lines(text: str) -> list[str]:
    """The lines as Python counts them; a form feed, for example, does not end a line."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def functions(tree: ast.Module) -> list[Function]:
    """All functions and methods that are not inside another function, in source order."""
    found: list[Function] = []
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Function):
            found.append(node)
        else:
            waiting.extend(ast.iter_child_nodes(node))
    return sorted(found, key=lambda function: function.lineno)


def context_before(lines: list[str], function: Function, line: int, column: int) -> str | None:
    """The text of the function up to a position, or None if there is too little text.

    It has at most 12 lines and 400 characters, and is cut at the start of a line.

    Args:
        lines: the lines of the file.
        function: the function around the position.
        line: the index of the line.
        column: the index in that line.
    """
    first = max(function.lineno - 1, line - MAX_CONTEXT_LINES)
    kept = [*lines[first:line], lines[line][:column]]
    while kept and len("\n".join(kept)) > MAX_CONTEXT_CHARACTERS:
        del kept[0]
    context = "\n".join(kept)
    return context if len(context.strip().split("\n")) >= MIN_CONTEXT_LINES else None


def nearest(question: Question, generator: random.Random) -> Question:
    """The question with three of its distractors, drawn from those most similar in length."""
    length = len(question.answer)
    near = sorted(question.distractors, key=lambda text: abs(len(text) - length))[:NEAREST]
    return replace(question, distractors=tuple(generator.sample(near, CHOICES - 1)))


def questions_of(source: str, text: str, ask: Ask, seed: int) -> list[Question]:
    """At most one question per function of a file, in random order; none if it is not Python.

    `ask` is the function `questions` of the task's module.
    """
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return []
    # Each file has a seed of its own: an edit of one file does not change the questions of others.
    generator = random.Random(f"{seed} {source}")
    answerable = (
        [q for q in questions if len(q.distractors) >= CHOICES - 1]
        for questions in ask(source_lines(text), tree)
    )
    drawn = [nearest(generator.choice(qs), generator) for qs in answerable if qs]
    generator.shuffle(drawn)
    return drawn


def document(source: str, question: Question, answer: int) -> dict[str, Any]:
    """The question as a row, with the true choice at index `answer`."""
    choices = list(question.distractors)
    choices.insert(answer, question.answer)
    return {"source": source, "context": question.context, "choices": choices, "answer": answer}


def build(
    files: list[tuple[str, str]], ask: Ask, count: int = DOCUMENTS, seed: int = SEED
) -> list[dict[str, Any]]:
    """The documents of one task.

    Args:
        files: (name, source) of Python files.
        ask: the `questions` of the task's module.
        count: the number of documents.
        seed: decides, together with the files, which documents they are.

    Returns:
        `count` rows {"source": name, "context": str, "choices": 4 distinct strings, "answer": index
        of the true one}. Every index is the answer equally often.

    Raises:
        ValueError: the files give fewer documents.
    """
    generator = random.Random(seed)
    order = generator.sample(sorted(files), len(files))
    per_file = [[(s, q) for q in questions_of(s, text, ask, seed)] for s, text in order]
    # Every file gives one question before any file gives a second.
    spread = [pair for pair in chain(*zip_longest(*per_file)) if pair is not None]
    if len(spread) < count:
        raise ValueError(f"the files give {len(spread)} documents, expected {count}")
    answers = [number % CHOICES for number in range(count)]
    generator.shuffle(answers)
    pairs = zip(spread[:count], answers, strict=True)
    return [document(source, question, answer) for (source, question), answer in pairs]


def entry(task: str) -> Entry:
    """What the file of a task says, but for its rows.

    The configuration names columns in place of templates: lm-eval then takes their text as it is,
    with its braces.
    """
    metrics = ("acc", "acc_norm")
    config = {
        "task": task,
        "dataset_path": "parquet",
        "dataset_kwargs": {"data_files": {"test": task}},
        "test_split": "test",
        "output_type": "multiple_choice",
        "doc_to_text": "context",
        "doc_to_choice": "choices",
        "doc_to_target": "answer",
        "target_delimiter": "",
        "metric_list": [
            {"metric": name, "aggregation": "mean", "higher_is_better": True} for name in metrics
        ],
        "metadata": {"version": 1.0},
    }
    return Entry(
        scores={task: "acc,none"},
        tasks={task: config},
        groups={},
        features={task: None},
        metadata={"source": "Python's standard library"},
    )
