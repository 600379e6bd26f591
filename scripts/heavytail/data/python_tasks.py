"""Two multiple-choice tasks made of held-out Python files: no download, no labels, no licence.

Both ask which of four strings of the same file stands at a place of a function. lm-eval tokenizes
context + choice and scores what comes after as many tokens as the context alone has, so a choice
must begin where the tokenizer begins a new token. With GPT-2's pattern it does: at a newline after
a character that is no space, or at a dot after a letter or digit. (LLaMA 3's pattern joins the
newline to punctuation before it; it is then left out of all four choices alike.) Had the context
ended with the dot, GPT-2's pattern would join "._" and leave the underscore unscored, and LLaMA 3's
would join ".name" and leave nothing to score.
"""

import ast
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import chain, zip_longest

DOCUMENTS = 160
SEED = 0
CHOICES = 4
MAX_CONTEXT_CHARACTERS = 400
MAX_CONTEXT_LINES = 12
MIN_CONTEXT_LINES = 3
STATEMENT_CHARACTERS = range(10, 81)
# Distractors are drawn from so many candidates that are nearest to the answer in length.
NEAREST = 12

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Question:
    """A place in a file: what stands before it, what stands there, and what else could."""

    context: str
    answer: str
    distractors: tuple[str, ...]


def source_lines(text: str) -> list[str]:
    """The lines as Python counts them: form feeds, for one, end none."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def functions(tree: ast.Module) -> list[Function]:
    """All functions and methods that stand in no other function, in source order."""
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
    """The text of the function up to a place, or None when there is too little of it.

    At most 12 lines and 400 characters, cut at the start of a line.

    Args:
        lines: the file's lines.
        function: the function around the place.
        line: index of the place's line.
        column: index of the place in that line.
    """
    first = max(function.lineno - 1, line - MAX_CONTEXT_LINES)
    kept = [*lines[first:line], lines[line][:column]]
    while kept and len("\n".join(kept)) > MAX_CONTEXT_CHARACTERS:
        del kept[0]
    context = "\n".join(kept)
    return context if len(context.strip().split("\n")) >= MIN_CONTEXT_LINES else None


def statements(lines: list[str], function: Function) -> dict[int, str]:
    """Line index → line, of the function's one-line statements of 10 to 80 characters.

    A statement shares its line with nothing, not even a comment; docstrings are none.
    """
    found = {}
    for node in ast.walk(function):
        if not isinstance(node, ast.stmt) or node.lineno != node.end_lineno:
            continue
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue
        line = lines[node.lineno - 1].rstrip()
        whole = len(line.strip().encode()) == node.end_col_offset - node.col_offset
        if whole and len(line.strip()) in STATEMENT_CHARACTERS:
            found[node.lineno - 1] = line
    return found


def continuation_questions(lines: list[str], tree: ast.Module) -> Iterator[list[Question]]:
    """Per function: which line comes next? Distractors: lines of others, indented alike."""
    found = {function: statements(lines, function) for function in functions(tree)}
    for function, own in found.items():
        others = chain.from_iterable(found[other].values() for other in found if other != function)
        foreign = sorted(set(others) - set(own.values()))
        questions = []
        for number, line in own.items():
            context = context_before(lines, function, number - 1, len(lines[number - 1]))
            alike = (other for other in foreign if indent(other) == indent(line))
            if context is not None and context == context.rstrip():
                answer, *rest = (f"\n{text}" for text in (line, *alike))
                questions.append(Question(context, answer, tuple(rest)))
        yield questions


def indent(line: str) -> int:
    """The number of characters before a line's first word."""
    return len(line) - len(line.lstrip())


def attribute_places(lines: list[str], function: Function) -> Iterator[tuple[int, int, str]]:
    """(line index, column of the dot, attribute) of attributes behind a name, in source order."""
    nodes = (node for node in ast.walk(function) if isinstance(node, ast.Attribute))
    for node in sorted(nodes, key=lambda node: (node.end_lineno, node.end_col_offset)):
        line = lines[node.end_lineno - 1]
        dot = len(line.encode()[: node.end_col_offset].decode()) - len(node.attr) - 1
        if dot > 0 and line[dot:].startswith(f".{node.attr}") and line[dot - 1].isalnum():
            yield node.end_lineno - 1, dot, node.attr


def attribute_questions(lines: list[str], tree: ast.Module) -> Iterator[list[Question]]:
    """Per function: which attribute follows? Distractors: earlier ones of the file, else later."""
    places = [(f, place) for f in functions(tree) for place in attribute_places(lines, f)]
    everything = dict.fromkeys(name for _, (_, _, name) in places)
    questions: dict[Function, list[Question]] = {}
    seen: dict[str, None] = {}
    for function, (line, dot, name) in places:
        context = context_before(lines, function, line, dot)
        known = seen if len(seen.keys() - {name}) >= CHOICES - 1 else everything
        if context is not None:
            rest = tuple(f".{other}" for other in known if other != name)
            questions.setdefault(function, []).append(Question(context, f".{name}", rest))
        seen[name] = None
    yield from questions.values()


def nearest(question: Question, generator: random.Random) -> Question:
    """The question with three of its distractors, drawn from those most similar in length."""
    length = len(question.answer)
    near = sorted(question.distractors, key=lambda text: abs(len(text) - length))[:NEAREST]
    return replace(question, distractors=tuple(generator.sample(near, CHOICES - 1)))


def questions_of(source: str, text: str, kind: Callable, seed: int) -> list[Question]:
    """At most one question of each function of a file, in random order; none where it is no Python.

    `kind` is continuation_questions or attribute_questions.
    """
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return []
    # Seeded by file: an edit of one leaves the questions of the others as they are.
    generator = random.Random(f"{seed} {source}")
    answerable = (
        [q for q in questions if len(q.distractors) >= CHOICES - 1]
        for questions in kind(source_lines(text), tree)
    )
    drawn = [nearest(generator.choice(qs), generator) for qs in answerable if qs]
    generator.shuffle(drawn)
    return drawn


def document(source: str, question: Question, answer: int) -> dict:
    """The question as a row, its true choice at index `answer`."""
    choices = list(question.distractors)
    choices.insert(answer, question.answer)
    return {"source": source, "context": question.context, "choices": choices, "answer": answer}


def build(files: list[tuple[str, str]], count: int, seed: int, kind: Callable) -> list[dict]:
    """The documents of one task; see `TASKS`."""
    generator = random.Random(seed)
    order = generator.sample(sorted(files), len(files))
    per_file = [[(s, q) for q in questions_of(s, text, kind, seed)] for s, text in order]
    # One question of every file before the second of any.
    spread = [pair for pair in chain(*zip_longest(*per_file)) if pair is not None]
    if len(spread) < count:
        raise ValueError(f"the files give {len(spread)} documents, {count} are wanted")
    answers = [number % CHOICES for number in range(count)]
    generator.shuffle(answers)
    pairs = zip(spread[:count], answers, strict=True)
    return [document(source, question, answer) for (source, question), answer in pairs]


def continuation(
    files: list[tuple[str, str]], count: int = DOCUMENTS, seed: int = SEED
) -> list[dict]:
    """Which line comes next in a function?

    Args:
        files: (name, source) of Python files.
        count: how many documents.
        seed: decides which, together with the files.

    Returns:
        `count` rows {"source": name, "context": str, "choices": 4 distinct strings, "answer": index
        of the true one}; every index is the answer equally often.

    Raises:
        ValueError: the files give fewer documents.
    """
    return build(files, count, seed, continuation_questions)


def attribute(files: list[tuple[str, str]], count: int = DOCUMENTS, seed: int = SEED) -> list[dict]:
    """Which attribute follows a name? Arguments, rows and errors as for `continuation`."""
    return build(files, count, seed, attribute_questions)


TASKS = {"python_continuation": continuation, "python_attribute": attribute}


def task_yaml(task: str, data_file: str) -> dict:
    """lm-eval's configuration of a task whose rows lie in `data_file` (JSON Lines).

    Columns are named, not templates: lm-eval then takes their text as it is, braces included.
    """
    metrics = ("acc", "acc_norm")
    return {
        "task": task,
        "dataset_path": "json",
        "dataset_kwargs": {"data_files": {"test": data_file}},
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
