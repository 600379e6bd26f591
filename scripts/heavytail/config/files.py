"""Check config files before Snakemake reads the workflow, for what a schema cannot see."""

from collections.abc import Iterator
from pathlib import Path

import yaml

from heavytail.config.mistakes import SettingsError


def check_file(path: str) -> None:
    """Raise SettingsError, in one line, if a file is not YAML or JSON with keys at its top level.

    A key that stands twice in one mapping is an error too: YAML would silently take the second.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
        node, value = yaml.compose(text, yaml.SafeLoader), yaml.safe_load(text)
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: cannot be read: {_reason(error)}") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        at = f"line {mark.line + 1}, column {mark.column + 1}" if mark else "somewhere"
        raise SettingsError(f"{path}: {at}: not YAML: {error.problem}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise SettingsError(f"{path}: not YAML: {_reason(error)}") from error
    if not isinstance(value, dict):
        raise SettingsError(f"{path}: expected keys at the top level, as in 'models:'")
    for key in _twice(node, set()):
        at = f"line {key.start_mark.line + 1}"
        raise SettingsError(f"{path}: {at}: the key {key.value!r} occurs twice")


def _reason(error: Exception) -> str:
    """The words of an error on one line, without the path, which the line names already."""
    return " ".join((getattr(error, "strerror", None) or str(error)).split())


def _twice(node: yaml.Node | None, seen: set[int]) -> Iterator[yaml.ScalarNode]:
    """The keys that repeat an earlier key of the same mapping; an anchor is visited once."""
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
