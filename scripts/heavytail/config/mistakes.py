"""One line for each mistake in a config (standard library only: parse time)."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import NoReturn

_WORDS = {"None": "nothing", "True": "true", "False": "false"}


class SettingsError(ValueError):
    """The message is one line: the config key, what was found there and what was expected."""


def fail(where: Iterable[object], message: str) -> NoReturn:
    """Raise SettingsError.

    Args:
        where: the keys down to the mistake, of which sparsities may be numbers. Positions in lists
            are left out, because the message quotes the item.
        message: what stands behind the key, such as ": found 3, expected a name".
    """
    key = ".".join(str(part) for part in where if isinstance(part, str | float))
    line = (key + message).removeprefix(".").replace("\n", " ")
    raise SettingsError(f"top level{line}" if line.startswith(":") else line)


def shown(value: object) -> str:
    """A value in the words of a YAML file."""
    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else "a list"
    return _WORDS.get(repr(value), repr(value))


def nearest(name: object, names: Iterable[str]) -> str:
    """Suggest the name that is nearest to `name`; list all names if none is near.

    Names that start with `name` are preferred.
    """
    names, text = list(names), str(name).casefold()
    longer = [n for n in names if text and n.startswith(text)]
    close = get_close_matches(text, longer, 1, cutoff=0) or get_close_matches(text, names, 1)
    return f"did you mean {close[0]!r}?" if close else f"expected one of {', '.join(names)}"


def unknown(noun: str, name: object, names: Iterable[str]) -> str:
    """The message for a value that is not one of `names`, where a `noun` was expected."""
    if isinstance(name, str):
        return f": unknown {noun} {name!r}, {nearest(name, names)}"
    return f": found {shown(name)}, expected one of {', '.join(names)}"
