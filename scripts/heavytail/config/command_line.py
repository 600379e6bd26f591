"""Settings that come by `--config`, where Snakemake reads what stands in lists and mappings as text
(standard library only: parse time)."""

import copy
from collections.abc import Iterable, Mapping
from typing import Any

from heavytail.config.settings import Validator

_WORDS = {"null": None, "true": True, "false": False}


def as_written(
    config: dict[str, Any], given: Mapping[str, object], schema: dict[str, Any]
) -> dict[str, Any]:
    """The config, with text from `--config` as the numbers that YAML would have read.

    Only text that the schema does not take is read as anything else: "2:4" and names stay text.

    Args:
        config: all settings; it is not changed.
        given: those of `--config`.
        schema: config/schema.yaml.
    """
    found = copy.deepcopy(config)
    for error in Validator(schema).iter_errors(config):
        *outer, last = error.absolute_path or [None]
        if isinstance(error.instance, str) and (*outer, last)[0] in given:
            _at(found, outer)[last] = _scalar(error.instance)
    return found


def _at(value: Any, path: Iterable[str | int]) -> Any:
    """What stands at a place in nested mappings and lists."""
    for key in path:
        value = value[key]
    return value


def _scalar(text: str) -> object:
    """The number or word of YAML that a text stands for; else the text."""
    if text in _WORDS:
        return _WORDS[text]
    for read in (int, float):
        try:
            return read(text)
        except ValueError:
            pass
    return text
