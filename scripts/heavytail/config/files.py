"""Config files, checked before the workflow is read: what no schema sees, in one line."""

from collections.abc import Iterator
from pathlib import Path

import yaml

from heavytail.config.mistakes import SettingsError


def check_file(path: str) -> None:
    """Raise SettingsError, one line, when a file is not YAML or JSON with keys at its top level.

    Nor may a key stand twice in one mapping, since the first would be lost without a word.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
        node, value = yaml.compose(text, yaml.SafeLoader), yaml.safe_load(text)
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: cannot be read: {_reason(error)}") from error
    except yaml.MarkedYAMLError as error:
        place = error.problem_mark or error.context_mark
        at = f"line {place.line + 1}, column {place.column + 1}" if place else "somewhere"
        raise SettingsError(f"{path}: {at}: not YAML: {error.problem}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise SettingsError(f"{path}: not YAML: {_reason(error)}") from error
    if not isinstance(value, dict):
        raise SettingsError(f"{path}: expected keys at the top level, as in 'models:'")
    for key in _twice(node, set()):
        at = f"line {key.start_mark.line + 1}"
        raise SettingsError(f"{path}: {at}: the key {key.value!r} occurs twice")


def _reason(error: Exception) -> str:
    """An error's own words, on one line and without the path, which is told anyway."""
    return " ".join((getattr(error, "strerror", None) or str(error)).split())


def _twice(node: yaml.Node | None, seen: set[int]) -> Iterator[yaml.ScalarNode]:
    """The keys that repeat one of the same mapping; an anchor is looked into once."""
    if node is None or id(node) in seen or isinstance(node, yaml.ScalarNode):
        return
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        children = node.value
    else:
        keys = [key for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        named = [(key.tag, key.value) for key in keys]
        yield from (key for number, key in enumerate(keys) if named[number] in named[:number])
        children = [child for pair in node.value for child in pair]
    for child in children:
        yield from _twice(child, seen)
