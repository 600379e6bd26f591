"""Check the config against its schema, and fill in the schema's defaults.

This runs whenever Snakemake reads the workflow: a mistake ends in one line before any job starts.
"""

import copy
import math
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, Literal, cast

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import extend

from heavytail.cells import target_of
from heavytail.config.allocations import TUNE, check_weightless, complete
from heavytail.config.allocators import ALLOCATORS, METRIC
from heavytail.config.entries import Config, Model
from heavytail.config.given import check_given
from heavytail.config.groupings import EVERY, every_grouping
from heavytail.config.methods import METHODS, NONE, STEPS, WITHIN_BLOCK
from heavytail.config.metrics import METRICS
from heavytail.config.mistakes import fail, nearest, shown, unknown
from heavytail.config.own_tasks import complete_tasks
from heavytail.config.own_texts import check_choices, complete_texts
from heavytail.config.paths import found_file, found_model
from heavytail.config.protocols import complete_protocols
from heavytail.config.reference import read_results
from heavytail.config.search import SEARCH, fit_tokens
from heavytail.config.segments import read_segments

# A value of the schema's keyword `row_of` → the names that are allowed.
ROWS = {
    "methods": list(METHODS),
    "allocators": list(ALLOCATORS),
    "allocators by a metric": [name for name, own in ALLOCATORS.items() if own.reads == METRIC],
    "metrics": list(METRICS),
    "metrics or tune": [*METRICS, TUNE],
}


def checked(config: dict[str, Any], schema: dict[str, Any], folders: list[Path]) -> Config:
    """A new config with every default filled in.

    Args:
        config: as read from YAML; it is not changed.
        schema: config/schema.yaml.
        folders: where relative paths are looked up, in this order. A path that is found in the
            first of them stays relative. If there are none, no path is looked up.

    Raises:
        SettingsError: the config does not fit the schema, or a file that it names is not usable.
            If there are several mistakes, the one that explains most is raised.
    """
    errors = list(Validator(schema).iter_errors(config))
    if errors:
        error = min(errors, key=lambda error: list(_MESSAGES).index(error.validator))
        fail(error.absolute_path, _MESSAGES[error.validator](error))
    # The schema has just held it to what the type says (tests/unit/config/test_entries.py).
    filled = cast(Config, _with_defaults(config, schema))
    tune = filled["tune"]
    if config.get("tune", {}).get("grouping") == EVERY:
        tune["grouping"] = [*map(list, every_grouping())]
    for name, allocation in filled["allocations"].items():
        complete(name, allocation, filled)
        if "file" in allocation:
            where = ("allocations", name, "file")
            check = partial(check_given, step=allocation.get("step"))
            allocation["file"] = found_file(where, allocation["file"], folders, check)
    complete_protocols(config.get("evaluation"), filled)
    complete_texts(filled, folders)
    complete_tasks(filled["tasks"], folders)
    check_choices(filled)
    tune["length"] = tune["length"] or filled["evaluation"][0]["length"]
    for name, allocation in filled["allocations"].items():
        if allocation["allocator"] == SEARCH:
            own = "tokens" in config["allocations"][name]
            fit_tokens(("allocations", name), allocation, own, tune)
    filled["within_block"] = _ways(filled["within_block"])
    for key in ("refine", "update"):
        filled[key] = _steps(key, filled[key])
    _check_steps(filled)
    _check_patterns(filled)
    _fit_windows(config, filled)
    for name, model in filled["models"].items():
        _complete_model(name, model, filled, folders)
    given: Any = filled["reference"]
    named = [given] if isinstance(given, str) else given or []
    filled["reference"] = [found_file(("reference",), n, folders, read_results) for n in named]
    return filled


def _complete_model(name: str, model: Model, filled: Config, folders: list[Path]) -> None:
    """Check one model and find its files; changed in place."""
    where = ("models", name)
    if f"{name}-ratios" in filled["models"]:
        taken = f"{name}-ratios"
        fail(("models",), f": no model can be called {taken!r}: a table of {name!r} has this name")
    if "path" in model:
        model["path"] = found_model((*where, "path"), model["path"], folders, "alphas" in model)
    if "segments" in model:
        key = (*where, "segments")
        model["segments"] = found_file(key, model["segments"], folders, read_segments)
    if "alphas" in model:
        alphas = model["alphas"]
        alphas["file"] = found_file((*where, "alphas", "file"), alphas["file"], folders)
        for allocation, settings in filled["allocations"].items():
            if name in settings.get("models", [name]):
                check_weightless(allocation, settings, name, model)


def _is_integer(_checker: object, value: object) -> bool:
    """Whether a value is a whole number as YAML writes it; true and 2.0 are not."""
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(checker: object, value: object) -> bool:
    """Whether a value is a finite number; true and false are not."""
    return _is_integer(checker, value) or (isinstance(value, float) and math.isfinite(value))


def _row_of(
    _validator: object, table: str, value: object, schema: dict[str, Any]
) -> Iterator[ValidationError]:
    """The keyword `row_of`: the value is the name of a row, or null if that is the default."""
    is_default = value is None and schema.get("default", "") is None
    if value not in ROWS[table] and not is_default:
        yield ValidationError("")


Validator = extend(
    Draft202012Validator,
    validators={"row_of": _row_of},
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


def _unknown_key(error: ValidationError) -> str:
    known = error.schema["properties"]
    key = next(key for key in error.instance if key not in known)
    return f".{key}: unknown key, {nearest(key, known)}"


def _wrong_type(error: ValidationError) -> str:
    types = error.validator_value
    nouns = " or ".join(_NOUNS[kind] for kind in ([types] if isinstance(types, str) else types))
    hint = ""
    if error.instance is None and "default" in error.schema:
        hint = " (leave the key out for its default)"
    return f": expected {error.schema.get('title', nouns)}, found {shown(error.instance)}{hint}"


def _unknown_name(error: ValidationError) -> str:
    names = error.validator_value
    known = ROWS[names] if error.validator == "row_of" else names
    return unknown(error.schema["title"], error.instance, known)


def _not_as_pattern(error: ValidationError) -> str:
    return f": {error.instance!r} is not {error.schema['title']}"


def _out_of_range(error: ValidationError) -> str:
    bounds, found = error.schema, f": found {error.instance!r}, expected"
    closed = "minimum" in bounds
    if "exclusiveMaximum" not in bounds:
        least = f"at least {bounds['minimum']}" if closed else f"above {bounds['exclusiveMinimum']}"
        return f"{found} {least}"
    low = f"from {bounds['minimum']}" if closed else f"above {bounds['exclusiveMinimum']}"
    # YAML reads 2:4 as a number to the base 60.
    hint = " (N:M needs quotes)" if "N:M" in bounds.get("title", "") else ""
    return f"{found} a number {low} to below {bounds['exclusiveMaximum']}{hint}"


def _empty(_error: ValidationError) -> str:
    return ": empty, expected at least one"


def _repeated(error: ValidationError) -> str:
    item = next(item for item in error.instance if error.instance.count(item) > 1)
    return f": {shown(item)} occurs twice"


def _barred(error: ValidationError) -> str:
    return f": {error.schema['description']}"


def _missing(error: ValidationError) -> str:
    key = next(key for key in error.validator_value if key not in error.instance)
    return f".{key}: missing: {error.schema['description']}"


# Keyword of JSON Schema → the message. If there are several mistakes, the one that stands first
# here is reported: a mistyped key, for example, is also a missing one.
_MESSAGES = {
    "additionalProperties": _unknown_key,
    "type": _wrong_type,
    "enum": _unknown_name,
    "row_of": _unknown_name,
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


def _barred_keys(value: dict[str, Any], schema: dict[str, Any]) -> set[str]:
    """The keys that the branches of `if`, which may be nested, do not allow."""
    if "if" not in schema:
        return set()
    branch = schema.get("then" if Validator(schema["if"]).is_valid(value) else "else", {})
    return set(branch.get("properties", {})) | _barred_keys(value, branch)


def _with_defaults(value: object, schema: dict[str, Any]) -> object:
    """A copy of a valid value with the schema's defaults at every depth, except for barred keys."""
    if isinstance(value, list) and "items" in (schema or {}):
        return [_with_defaults(item, schema["items"]) for item in value]
    if not isinstance(value, dict):
        return copy.deepcopy(value)
    keys, barred = schema.get("properties", {}), _barred_keys(value, schema)
    defaults = {k: v["default"] for k, v in keys.items() if "default" in v and k not in barred}
    inner = {key: keys.get(key, schema.get("additionalProperties")) for key in defaults | value}
    return {key: _with_defaults(item, inner[key]) for key, item in (defaults | value).items()}


def _ways(chosen: str | list[str]) -> list[str]:
    """The ways through a block as a list; fails if there is no such way."""
    ways = [chosen] if isinstance(chosen, str) else chosen
    for way in ways:
        if way not in WITHIN_BLOCK:
            fail(("within_block",), unknown("way through a block", way, WITHIN_BLOCK))
    return ways


def _steps(key: Literal["refine", "update"], chosen: str | list[str]) -> list[str]:
    """The steps after a method as a list; fails if there is no such step."""
    steps = [chosen] if isinstance(chosen, str) else chosen
    for step in steps:
        if step not in STEPS[key]:
            fail((key,), unknown("step", step, STEPS[key]))
    return steps


def _check_steps(filled: Config) -> None:
    """Fail if the mask of a method that compensates would be refined without a refit."""
    if "refit" in filled["update"] or NONE in filled["refine"]:
        return
    for method in filled["methods"]:
        if METHODS[method].compensates:
            fail(
                ("refine",),
                f": {method} compensates for its mask, and a refined mask needs update: refit",
            )


def _check_patterns(filled: Config) -> None:
    """Fail if N:M sparsity keeps nothing or everything, or if a method cannot prune N:M."""
    for sparsity in filled["sparsity"]:
        target, group_size = target_of(sparsity)
        if not 0 < target < 1:
            kept = f"{1 - target:.0%}"
            fail(("sparsity",), f": found {sparsity!r}, which keeps {kept}, expected N below M")
        for method in filled["methods"]:
            if group_size and not METHODS[method].patterns:
                fail(("methods",), f": {method} cannot prune N:M, but sparsity has {sparsity!r}")


def _fit_windows(config: dict[str, Any], filled: Config) -> None:
    """Fail if a measurement is to read more windows than there are; reduce such a default."""
    samples = filled["calibration"]["samples"]
    reader: Literal["segments", "gradients", "hessian"]
    for reader in ("segments", "gradients", "hessian"):
        windows = filled[reader]["windows"]
        if windows > samples and "windows" in config.get(reader, {}):
            expected = f"expected at most {samples}, as calibration.samples"
            fail((reader, "windows"), f": found {windows}, {expected}")
        filled[reader]["windows"] = min(windows, samples)
