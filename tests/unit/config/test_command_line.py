"""Values of --config, as Snakemake hands them over."""

import pytest
import yaml
from snakemake.cli import parse_config

from heavytail.config.command_line import as_written
from heavytail.config.settings import checked
from support.project import ROOT

SCHEMA = yaml.safe_load((ROOT / "config/schema.yaml").read_text())
HUB = {"hub": "a/b", "revision": "1" * 40}


@pytest.mark.parametrize(
    ("argument", "key", "expected"),
    [
        ("sparsity=[0.6]", "sparsity", [0.6]),
        ("sparsity=[0.6, '2:4', 4:8]", "sparsity", [0.6, "2:4", "4:8"]),
        ("seeds=[1, 2]", "seeds", [1, 2]),
        ("seeds=3", "seeds", 3),
        (
            "calibration={dataset: c4, samples: 4, length: 64}",
            "calibration",
            {"dataset": "c4", "samples": 4, "length": 64},
        ),
        ("evaluation={windows: null}", "evaluation", {"windows": None}),
        ("methods=[wanda]", "methods", ["wanda"]),
        (f"models={{m: {{hub: a/b, revision: '{'1' * 40}'}}}}", "models", {"m": HUB}),
        ("seeds=[one]", "seeds", ["one"]),
    ],
)
def test_numbers_and_lists_mean_what_they_mean_in_a_file(argument, key, expected):
    given = parse_config([argument])
    assert as_written(given, given, SCHEMA)[key] == expected


def test_text_of_a_file_stays_text():
    config = {"models": {"a": HUB}, "seeds": ["1"], "sparsity": ["0.5"]}
    given = {"sparsity": ["0.5"]}
    found = as_written(config, given, SCHEMA)
    assert found == config | {"sparsity": [0.5]} and config["sparsity"] == ["0.5"]


def test_a_config_of_the_command_line_alone_passes():
    arguments = ["sparsity=[0.6]", "models={a: {hub: a/b, revision: '" + "1" * 40 + "'}}"]
    given = parse_config(arguments)
    found = checked(as_written(given, given, SCHEMA), SCHEMA, [ROOT])
    assert found["sparsity"] == [0.6] and found["models"]["a"]["revision"] == "1" * 40
