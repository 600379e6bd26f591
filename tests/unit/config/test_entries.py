"""The types of the config say what its schema says, and no job's result depends on them."""

from typing import get_args, get_type_hints, is_typeddict

import pytest
import yaml

from heavytail.config import entries
from heavytail.running.digest import digest
from support.project import ROOT

SCHEMA = yaml.safe_load((ROOT / "config/schema.yaml").read_text())
SCRIPTS = ROOT / "scripts"
# What says of settings which keys they have; read by mypy alone.
TYPES = {
    *("heavytail.config.entries", "heavytail.pruning.settings"),
    *("heavytail.allocation.settings", "heavytail.evaluation.settings"),
}


def typed_dicts(hint: object) -> list[type]:
    """The TypedDicts that a type hint names, at any depth."""
    if is_typeddict(hint):
        return [hint]
    return [found for part in get_args(hint) for found in typed_dicts(part)]


def barred_keys(schema: dict) -> set[str]:
    """The keys that a branch of `if` bars."""
    branches = [schema[name] for name in ("then", "else") if name in schema]
    own = {key for one in branches for key, rule in one.get("properties", {}).items() if rule}
    return own.union(*map(barred_keys, branches))


def pairs(kind: type, schema: dict, where: str = "top level"):
    """(place, TypedDict, schema) of the config and of every mapping in it whose keys are known."""
    yield where, kind, schema
    for key, hint in get_type_hints(kind).items():
        inner = schema["properties"].get(key, {})
        inner = inner if "properties" in inner else inner.get("additionalProperties") or {}
        for child in typed_dicts(hint):
            yield from pairs(child, inner, key)


PAIRS = {where: (kind, schema) for where, kind, schema in pairs(entries.Config, SCHEMA)}


def test_every_mapping_of_the_schema_has_its_type():
    found = {"top level", *(key for key, own in described(SCHEMA) if "properties" in own)}
    assert found == set(PAIRS)


def described(schema: dict):
    """Every key of the schema at any depth, with the schema of its value or of its entries."""
    for key, child in schema.get("properties", {}).items():
        entry = child.get("additionalProperties")
        own = entry if isinstance(entry, dict) else child
        yield key, own
        yield from described(own)


@pytest.mark.parametrize("where", PAIRS)
def test_a_type_has_the_keys_of_its_schema(where):
    kind, schema = PAIRS[where]
    assert set(get_type_hints(kind)) == set(schema["properties"])


@pytest.mark.parametrize("where", PAIRS)
def test_what_is_always_there_is_what_has_a_default_or_is_asked_for(where):
    kind, schema = PAIRS[where]
    sure = {key for key, child in schema["properties"].items() if "default" in child}
    assert kind.__required_keys__ == (sure | set(schema.get("required", []))) - barred_keys(schema)


def read(name: str, changed: bool = False) -> str | None:
    """A source; with `changed`, that of a module of types means something else."""
    path = SCRIPTS / f"{name.replace('.', '/')}.py"
    source = path.read_text() if path.is_file() else None
    return f"{source}\nCHANGED = True\n" if changed and name in TYPES else source


def test_a_module_of_types_is_no_part_of_any_digest():
    paths = (path.relative_to(SCRIPTS).with_suffix("") for path in SCRIPTS.rglob("*.py"))
    # The check of the config runs when the workflow is read, and in no job.
    checks = {"heavytail.config.settings", "heavytail.config.command_line"}
    names = sorted({".".join(path.parts) for path in paths} - TYPES - checks)
    assert all(read(name) for name in TYPES)
    depending = [
        name
        for name in names
        if digest([name], read) != digest([name], lambda one: read(one, changed=True))
    ]
    assert depending == []
