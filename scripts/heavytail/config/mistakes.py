"""Mistakes of a config as one line each (standard library only: parse time)."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import NoReturn

_WORDS = {"None": "nothing", "True": "true", "False": "false"}


class SettingsError(ValueError):
    """One line: the config key, what was found there, what was expected."""


def fail(where: Iterable[object], message: str) -> NoReturn:
    """Raise the error; positions in lists are left out, since the message quotes the item."""
    key = ".".join(part for part in where if isinstance(part, str))
    line = (key + message).removeprefix(".").replace("\n", " ")
    raise SettingsError(f"top level{line}" if line.startswith(":") else line)


def shown(value: object) -> str:
    """A value as the reader of a YAML file knows it."""
    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else "a list"
    return _WORDS.get(repr(value), repr(value))


def nearest(name: object, names: Iterable[str]) -> str:
    """Suggest the nearest of `names`, those that `name` begins first; or list them all."""
    names, text = list(names), str(name).casefold()
    begun = get_close_matches(text, [n for n in names if text and n.startswith(text)], 1, cutoff=0)
    close = begun or get_close_matches(text, names, 1)
    return f"did you mean {close[0]!r}?" if close else f"expected one of {', '.join(names)}"


def unknown(noun: str, name: object, names: Iterable[str]) -> str:
    """The message for a name that is none of `names`, which are names of a `noun`."""
    if isinstance(name, str):
        return f": unknown {noun} {name!r}, {nearest(name, names)}"
    return f": {shown(name)} is no {noun}, expected one of {', '.join(names)}"
