"""The schema, the configs that come along, the code and config/README.md say the same."""

import re
from pathlib import Path

import pytest
import yaml

from heavytail.config.groupings import GROUPINGS
from heavytail.config.metrics import DIRECTION
from heavytail.config.settings import checked

ROOT = Path(__file__).parents[3]
SCHEMA = yaml.safe_load((ROOT / "config/schema.yaml").read_text())
README = (ROOT / "config/README.md").read_text()


@pytest.mark.parametrize(
    "name", ["config", "notes", "checkpoints", "procedures", "allocators", "published"]
)
def test_the_configs_that_come_along_are_valid(name, tmp_path):
    config = yaml.safe_load((ROOT / f"config/{name}.yaml").read_text())
    for model in config["models"].values():
        folder = tmp_path / model.get("path", "")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "config.json").write_text("{}")
        (folder / "model.safetensors").touch()
    found = checked(config, SCHEMA, [tmp_path, ROOT])
    assert set(found) == set(SCHEMA["properties"])


def test_the_example_of_the_readme_is_valid():
    (example,) = re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)
    checked(yaml.safe_load(example), SCHEMA, [ROOT])


def described_keys(schema: dict, where: str = ""):
    """(path, schema) of every key; a name of the user's choice reads NAME."""
    named = schema.get("additionalProperties")
    if isinstance(named, dict):
        yield from described_keys(named, f"{where}NAME.")
    for key, child in schema.get("properties", {}).items():
        yield where + key, child
        yield from described_keys(child, f"{where}{key}.")


def test_every_key_is_described_and_documented_with_its_default():
    rows = re.findall(r"^\| `([\w.]+)` \| (?:`(.*?)` )?\| \S", README, re.MULTILINE)
    documented = {key: yaml.safe_load(default) if default else ... for key, default in rows}
    keys = dict(described_keys(SCHEMA))
    assert documented == {key: child.get("default", ...) for key, child in keys.items()}
    assert all(child["description"] for child in keys.values())


def test_the_readme_lists_every_grouping():
    for name in GROUPINGS:
        assert re.search(rf"^\| (`\w+`, )*`{name}`", README, re.MULTILINE)


def test_the_readme_lists_every_metric_with_its_direction():
    lines = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \|.*\| (more|less) \|$", README, re.MULTILINE)
    listed = {name: word for names, word in lines for name in re.findall(r"`(\w+)`", names)}
    assert listed == {name: {1: "more", -1: "less"}[sign] for name, sign in DIRECTION.items()}


def test_the_schema_is_closed_everywhere():
    objects = [SCHEMA, *(child for _, child in described_keys(SCHEMA))]
    assert all("additionalProperties" in o for o in objects if "properties" in o)


def test_the_schema_offers_what_the_code_has():
    settings = SCHEMA["properties"]["allocations"]["additionalProperties"]["properties"]
    methods = SCHEMA["properties"]["methods"]["items"]["enum"]
    modules = (ROOT / "scripts/heavytail/pruning/methods").glob("[a-z]*.py")
    allocators = (ROOT / "scripts/heavytail/allocation/allocators").glob("[a-z]*.py")
    assert set(settings["allocator"]["enum"]) == {module.stem for module in allocators}
    assert settings["metric"]["enum"] == list(DIRECTION)
    assert set(methods) == set(settings["epsilon"]["properties"]) == {m.stem for m in modules}
