"""Remember what Snakemake asks many times while it plans (standard library only: parse time)."""

import sys
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from pkgutil import resolve_name
from typing import Any, TypeVar

Answer = TypeVar("Answer")


def remembered(function: Callable[..., Answer]) -> Callable[..., Answer]:
    """A function that computes each answer once; it does not remember errors.

    Args:
        function: takes positional arguments, has no side effects, and returns what nobody changes.
    """
    answers: dict[tuple[Any, ...], Answer] = {}

    @wraps(function)
    def answer(*arguments: Any) -> Answer:
        try:
            known = arguments in answers
        except TypeError:
            # An argument has no hash.
            return function(*arguments)
        if not known:
            answers[arguments] = function(*arguments)
        return answers[arguments]

    return answer


def remember(name: str) -> None:
    """Replace a function by its `remembered` form, if there is a function of this name.

    Args:
        name: "module:function".
    """
    module, _, function = name.partition(":")
    with suppress(ImportError, AttributeError):
        original = resolve_name(name)
        # Another workflow in this process may have replaced it already.
        if not hasattr(original, "__wrapped__"):
            setattr(sys.modules[module], function, remembered(original))
