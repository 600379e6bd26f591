"""The config, checked against its schema and completed with the schema's defaults.

It runs whenever Snakemake reads the workflow: a mistake is told in one line before any job starts.
"""

import copy
import math
import os
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import NoReturn

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import extend

from heavytail.cells import WITHIN_BLOCK, target_of
from heavytail.groupings import GROUPINGS
from heavytail.model_files import check_settings
from heavytail.notes_file import read_notes
from heavytail.projections import PROJECTIONS

# Where models are put, below the working directory: what lies there may be replaced.
WRITTEN = ("results", "models")


class SettingsError(ValueError):
    """One line: the config key, what was found there, what was expected."""


def checked(config: dict, schema: dict, folders: list[Path]) -> dict:
    """A new config that holds to the schema, with every default filled in.

    Args:
        config: as read from YAML; left as it is.
        schema: config/schema.yaml.
        folders: where relative paths are looked up, in this order. A path found in
            the first one stays relative.

    Raises:
        SettingsError: the most telling mistake.
    """
    errors = list(_Validator(schema).iter_errors(config))
    if errors:
        error = min(errors, key=lambda error: list(_MESSAGES).index(error.validator))
        _fail(error.absolute_path, _MESSAGES[error.validator](error))
    filled = _with_defaults(config, schema)
    for name, allocation in filled["allocations"].items():
        _check_grouping(("allocations", name, "grouping"), allocation.get("grouping", []))
        _check_epsilon(("allocations", name, "epsilon"), allocation, filled["methods"])
    filled["within_block"] = _ways(filled["within_block"])
    _check_patterns(filled)
    _fit_windows(config, filled)
    for name, model in filled["models"].items():
        if "path" in model:
            model["path"] = _found_model(("models", name, "path"), model["path"], folders)
    if filled["notes"] is not None:
        filled["notes"] = _found_file(("notes",), filled["notes"], folders, read_notes)
    return filled


def _fail(where: Iterable, message: str) -> NoReturn:
    """Raise the error; positions in lists are left out, since the message quotes the item."""
    key = ".".join(part for part in where if isinstance(part, str))
    line = (key + message).removeprefix(".").replace("\n", " ")
    raise SettingsError(f"top level{line}" if line.startswith(":") else line)


def _is_integer(_checker: object, value: object) -> bool:
    """Whole numbers as YAML writes them: neither true nor 2.0."""
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(checker: object, value: object) -> bool:
    """Finite numbers, true and false not among them."""
    return _is_integer(checker, value) or (isinstance(value, float) and math.isfinite(value))


_Validator = extend(
    Draft202012Validator,
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine_many(
        {"integer": _is_integer, "number": _is_number}
    ),
)

_NOUNS = {
    "object": "a mapping",
    "array": "a list",
    "string": "text",
    "number": "a number",
    "integer": "a whole number",
    "null": "null",
}
_WORDS = {"None": "nothing", "True": "true", "False": "false"}


def _shown(value: object) -> str:
    """A value as the reader of a YAML file knows it."""
    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else "a list"
    return _WORDS.get(repr(value), repr(value))


def _nearest(name: object, names: Iterable[str]) -> str:
    """Suggest the nearest of `names`, those that `name` begins first; or list them all."""
    names, text = list(names), str(name).casefold()
    begun = get_close_matches(text, [n for n in names if text and n.startswith(text)], 1, cutoff=0)
    close = begun or get_close_matches(text, names, 1)
    return f"did you mean {close[0]!r}?" if close else f"expected one of {', '.join(names)}"


def _unknown(noun: str, name: object, names: Iterable[str]) -> str:
    """The message for a name that is none of `names`, which are names of a `noun`."""
    if isinstance(name, str):
        return f": unknown {noun} {name!r}, {_nearest(name, names)}"
    return f": {_shown(name)} is no {noun}, expected one of {', '.join(names)}"


def _unknown_key(error: ValidationError) -> str:
    known = error.schema["properties"]
    key = next(key for key in error.instance if key not in known)
    return f".{key}: unknown key, {_nearest(key, known)}"


def _wrong_type(error: ValidationError) -> str:
    types = error.validator_value
    nouns = " or ".join(_NOUNS[kind] for kind in ([types] if isinstance(types, str) else types))
    hint = ""
    if error.instance is None and "default" in error.schema:
        hint = " (leave the key out for its default)"
    return f": expected {error.schema.get('title', nouns)}, found {_shown(error.instance)}{hint}"


def _unknown_name(error: ValidationError) -> str:
    return _unknown(error.schema["title"], error.instance, error.validator_value)


def _not_as_pattern(error: ValidationError) -> str:
    return f": {error.instance!r} is not {error.schema['title']}"


def _out_of_range(error: ValidationError) -> str:
    bounds = error.schema
    if "exclusiveMaximum" not in bounds:
        return f": {error.instance!r} is less than {bounds['minimum']}"
    low = f"[{bounds['minimum']}" if "minimum" in bounds else f"({bounds['exclusiveMinimum']}"
    # YAML reads 2:4 as a number to the base of 60.
    hint = " (N:M needs quotes)" if "pattern" in bounds else ""
    return f": {error.instance!r} is not in {low}, {bounds['exclusiveMaximum']}){hint}"


def _empty(_error: ValidationError) -> str:
    return ": empty, expected at least one"


def _repeated(error: ValidationError) -> str:
    item = next(item for item in error.instance if error.instance.count(item) > 1)
    return f": {_shown(item)} occurs twice"


def _barred(error: ValidationError) -> str:
    return f": {error.schema['description']}"


def _missing(error: ValidationError) -> str:
    key = next(key for key in error.validator_value if key not in error.instance)
    return f".{key}: missing: {error.schema['description']}"


# By keyword of JSON Schema; of several mistakes the one that stands first here is told, since a
# mistyped key is also a missing one.
_MESSAGES = {
    "additionalProperties": _unknown_key,
    "type": _wrong_type,
    "enum": _unknown_name,
    "pattern": _not_as_pattern,
    "minimum": _out_of_range,
    "exclusiveMinimum": _out_of_range,
    "exclusiveMaximum": _out_of_range,
    "minItems": _empty,
    "minProperties": _empty,
    "uniqueItems": _repeated,
    "not": _barred,
    "required": _missing,
}


def _with_defaults(value: object, schema: dict) -> object:
    """A copy of a valid value with the schema's defaults, at every depth.

    A key that the branch of `if` bars gets none.
    """
    if not isinstance(value, dict):
        return copy.deepcopy(value)
    branch = "then" if _Validator(schema.get("if", True)).is_valid(value) else "else"
    barred = schema.get(branch, {}).get("properties", {})
    keys = schema.get("properties", {})
    defaults = {k: v["default"] for k, v in keys.items() if "default" in v and k not in barred}
    inner = {key: keys.get(key, schema.get("additionalProperties")) for key in defaults | value}
    return {key: _with_defaults(item, inner[key]) for key, item in (defaults | value).items()}


def _check_grouping(where: tuple, grouping: str | list) -> None:
    """Fail when a grouping, or a projection of a list, has no such name."""
    named = isinstance(grouping, str)
    noun, known = ("grouping", GROUPINGS) if named else ("projection", PROJECTIONS)
    for name in [grouping] if named else grouping:
        if name not in known:
            _fail(where, _unknown(noun, name, known))


def _check_epsilon(where: tuple, allocation: dict, methods: list[str]) -> None:
    """Fail when an epsilon by method leaves out a configured method."""
    epsilon = allocation.get("epsilon")
    for method in methods:
        if isinstance(epsilon, dict) and method not in epsilon:
            _fail(where, f".{method}: missing: {method} is one of the methods")


def _ways(chosen: str | list[str]) -> list[str]:
    """The ways through a block as a list; fails when one has no such name."""
    ways = [chosen] if isinstance(chosen, str) else chosen
    for way in ways:
        if way not in WITHIN_BLOCK:
            _fail(("within_block",), _unknown("way through a block", way, WITHIN_BLOCK))
    return ways


def _check_patterns(filled: dict) -> None:
    """Fail when N:M sparsity keeps nothing or everything, or a method has no such form."""
    for sparsity in filled["sparsity"]:
        target, of = target_of(sparsity)
        if not 0 < target < 1:
            _fail(("sparsity",), f": {sparsity!r} keeps {1 - target:.0%}, expected N below M")
        if of and "wanda_variant" in filled["methods"]:
            _fail(("methods",), f": wanda_variant compares whole rows and knows no {sparsity!r}")


def _fit_windows(config: dict, filled: dict) -> None:
    """Fail when the Hessians are to read more windows than are frozen; the default makes way."""
    windows, samples = filled["hessian"]["windows"], filled["calibration"]["samples"]
    if windows > samples and "windows" in config.get("hessian", {}):
        _fail(("hessian", "windows"), f": {windows} exceeds calibration.samples, {samples}")
    filled["hessian"]["windows"] = min(windows, samples)


def _found_file(where: tuple, path: str, folders: list[Path], read: Callable) -> str:
    """The path of a file that can be read, in the first of the folders that has it."""
    home = next((folder for folder in folders if (folder / path).is_file()), None)
    if home is None:
        _fail(where, f": file {path!r} does not exist")
    try:
        read(home / path)
    except ValueError as error:
        _fail(where, f": {path!r}: {error}")
    return str(Path(path) if home == folders[0] else home / path)


def _found_model(where: tuple, path: str, folders: list[Path]) -> str:
    """The path of a local model, in the first of the folders that has it."""
    home = next((folder for folder in folders if os.path.isdir(folder / path)), None)
    if home is None:
        _fail(where, f": folder {path!r} does not exist")
    if not (home / path / "config.json").is_file():
        _fail(where, f": {path!r} has no config.json")
    if not any((home / path).glob("*.safetensors")):
        pickles = " but pickles, which are never read" if any((home / path).glob("*.bin")) else ""
        _fail(where, f": {path!r} has no *.safetensors file{pickles}")
    if (home / path).resolve().is_relative_to(Path(folders[0], *WRITTEN).resolve()):
        _fail(where, f": {path!r} lies in a folder that the workflow itself writes")
    try:
        check_settings(home / path)
    except ValueError as error:
        _fail(where, f": {error}")
    return str(Path(path) if home == folders[0] else home / path)
