"""The schema, the configs that come along, the code and config/README.md say the same."""

import re
from pathlib import Path

import pytest
import yaml

from heavytail.config.allocators import (
    ALLOCATORS,
    FILE,
    METRIC,
    OF_METHOD,
    REMOVAL_ERRORS,
    SEARCHED,
    WANDA_SCORES,
    WEIGHT_SCORES,
    Allocator,
)
from heavytail.config.epsilons import published
from heavytail.config.families import FAMILIES
from heavytail.config.groupings import GROUPINGS
from heavytail.config.methods import METHODS
from heavytail.config.metrics import METRICS
from heavytail.config.settings import checked
from heavytail.config.tasks import TASKS
from heavytail.config.texts import TEXTS
from support.bad_tasks import GOOD

ROOT = Path(__file__).parents[3]
SCHEMA = yaml.safe_load((ROOT / "config/schema.yaml").read_text())
README = (ROOT / "config/README.md").read_text()


CONFIGS = [
    *("config", "notes", "checkpoints", "procedures", "allocators"),
    *("published", "published_tables", "field", "smollm2", "smollm2_local"),
]


@pytest.mark.parametrize("name", CONFIGS)
def test_the_configs_that_come_along_are_valid(name, tmp_path):
    config = yaml.safe_load((ROOT / f"config/{name}.yaml").read_text())
    for model in config["models"].values():
        folder = tmp_path / model.get("path", "")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "config.json").write_text("{}")
        (folder / "model.safetensors").touch()
    for text in config.get("texts", {}).values():
        for path in text["path"].values():
            (tmp_path / path).parent.mkdir(exist_ok=True)
            (tmp_path / path).touch()
    found = checked(config, SCHEMA, [tmp_path, ROOT])
    assert set(found) == set(SCHEMA["properties"])


def test_the_examples_of_the_readme_are_valid(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("papers/a.txt", "chats.jsonl.gz", "held-out.jsonl.gz"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "my_task.yaml").write_text(GOOD)
    (tmp_path / "own.json").touch()
    examples = re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)
    whole = [yaml.safe_load(example) for example in examples]
    assert [set(example) - set(whole[0]) for example in whole] == [
        set(),
        {"texts", "calibration"},
        set(),
        {"tasks"},
        set(),
    ]
    for example in whole:
        checked(whole[0] | example, SCHEMA, [tmp_path, ROOT])


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


def section(title: str) -> list[list[str]]:
    """The rows of the table below a title of the README."""
    part = README.split(f"\n### {title}\n")[1].split("\n### ")[0]
    rows = (line.strip("| ").split(" | ") for line in part.splitlines() if line[:3] == "| `")
    return [[cell.strip() for cell in row] for row in rows]


def epsilon_told(allocator: Allocator) -> str:
    """The default epsilon of an allocator in the README's words."""
    if isinstance(allocator.epsilon, dict):
        return ", ".join(f"{epsilon} at {at}" for at, epsilon in allocator.epsilon.items())
    told = {None: "none", OF_METHOD: "the method's"}
    return told.get(allocator.epsilon, str(allocator.epsilon))


def test_the_readme_tells_the_epsilons_of_alphapruning():
    rows = re.findall(r"^\| (`llama-\S+(?:, `\S+)*) ((?:\| [\d.]+ ){3})\|$", README, re.MULTILINE)
    methods = ("magnitude", "wanda", "sparsegpt")
    told = {
        model: dict(zip(methods, map(float, numbers.strip("| ").split(" | ")), strict=True))
        for models, numbers in rows
        for model in re.findall(r"`(\S+)`", models)
    }
    assert len(told) == 7 and told == published(told, methods)


def test_the_readme_lists_every_row_of_the_tables_with_its_facts():
    words = {True: "yes", False: "no"}
    assert [[name, *facts] for name, _, *facts in section("Methods")] == [
        [f"`{name}`", words[m.calibrated], words[m.patterns], str(m.epsilon)]
        for name, m in METHODS.items()
    ]
    reads = {None: "nothing", METRIC: "a metric", WANDA_SCORES: "Wanda scores"}
    reads |= {WEIGHT_SCORES: "weights", FILE: "a file", REMOVAL_ERRORS: "removal errors"}
    reads[SEARCHED] = "its search"
    assert [[name, *facts] for name, _, *facts in section("Allocators")] == [
        [f"`{name}`", reads[a.reads], epsilon_told(a)] for name, a in ALLOCATORS.items()
    ]
    assert section("Families") == [[f"`{name}`", f.models] for name, f in FAMILIES.items()]
    assert [[name, splits] for name, _, splits in section("Texts")] == [
        [f"`{name}`", ", ".join(text.files)] for name, text in TEXTS.items()
    ]
    listed = [name for names, _ in section("Tasks") for name in re.findall(r"`(\w+)`", names)]
    assert listed == list(TASKS)


def test_the_readme_lists_every_metric_with_its_direction():
    lines = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \|.*\| (more|less) \|$", README, re.MULTILINE)
    listed = {name: word for names, word in lines for name in re.findall(r"`(\w+)`", names)}
    words = {1: "more", -1: "less"}
    assert listed == {name: words[metric.direction] for name, metric in METRICS.items()}


def test_the_schema_is_closed_everywhere():
    objects = [SCHEMA, *(child for _, child in described_keys(SCHEMA))]
    assert all("additionalProperties" in o for o in objects if "properties" in o)


def test_every_default_is_a_value_that_a_config_may_give():
    config = {"models": {"a": {"hub": "a/b", "revision": "0" * 40}}}
    filled = checked(config, SCHEMA, [ROOT])
    assert checked(filled, SCHEMA, [ROOT]) == filled
