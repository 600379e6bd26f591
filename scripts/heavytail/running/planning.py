"""Answers that Snakemake asks for again and again while it plans (standard library: parse time)."""

import sys
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from pkgutil import resolve_name
from typing import Any, TypeVar

Answer = TypeVar("Answer")


def remembered(asked: Callable[..., Answer]) -> Callable[..., Answer]:
    """A function that computes each answer once; errors are not remembered.

    Args:
        asked: takes arguments by place, has no side effects, and answers with what nobody changes.
    """
    answers: dict[tuple[Any, ...], Answer] = {}

    @wraps(asked)
    def answer(*question: Any) -> Answer:
        try:
            known = question in answers
        except TypeError:
            # It has no hash.
            return asked(*question)
        if not known:
            answers[question] = asked(*question)
        return answers[question]

    return answer


def remember(name: str) -> None:
    """Put `remembered` in the place of a function, if there is one of this name.

    Args:
        name: "module:function".
    """
    module, _, function = name.partition(":")
    with suppress(ImportError, AttributeError):
        asked = resolve_name(name)
        # Another workflow of this process may have been here.
        if not hasattr(asked, "__wrapped__"):
            setattr(sys.modules[module], function, remembered(asked))
