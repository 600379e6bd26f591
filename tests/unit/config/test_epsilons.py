"""Which epsilon a cell gets, from numbers, mappings, defaults and the preset."""

from pathlib import Path

import pytest
import yaml

from heavytail.config.epsilons import alphapruning, epsilon_of, published
from heavytail.config.settings import checked
from support.bad_settings import HUB
from support.project import ROOT

SCHEMA = yaml.safe_load((ROOT / "config/schema.yaml").read_text())
SPARSITIES = [0.5, 0.65, 0.7, 0.8, "4:8"]


def epsilon(**settings):
    """The epsilon of an allocation of two models, by model, method and sparsity."""
    config = {
        "models": {"llama-13b": HUB, "b": HUB},
        "methods": ["magnitude", "wanda"],
        "sparsity": SPARSITIES,
        "allocations": {"x": settings},
    }
    found = checked(config, SCHEMA, [Path()])["allocations"]["x"]["epsilon"]
    return lambda *cell: epsilon_of(found, *cell)


def test_dlp_has_the_published_alpha_of_the_nearest_sparsity():
    of = epsilon(allocator="dlp")
    # 0.65 lies between two, and takes that of the lower; "4:8" removes half.
    assert [of("b", "wanda", s) for s in SPARSITIES] == [0.04, 0.1, 0.15, 0.15, 0.04]


def test_the_preset_is_by_model_and_method():
    of = epsilon(grouping="gt", epsilon="alphapruning")
    assert of("llama-13b", "magnitude", 0.7) == 0.5 and of("llama-13b", "wanda", 0.5) == 0.3
    assert alphapruning("llama2-7b", "sparsegpt") == alphapruning("llama-2-7b", "sparsegpt") == 0.2
    assert of("b", "magnitude", 0.7) == of("b", "wanda", 0.7) == 0.3
    assert published(["llama-7b"], ["wanda"]) == {"llama-7b": {"wanda": 0.2}}


@pytest.mark.parametrize(
    "given",
    [
        {"wanda": {"b": 0.3, "llama-13b": {0.5: 0.1, 0.65: 0, 0.7: 0, 0.8: 0, "4:8": 0.2}}},
        {"llama-13b": {"0.5": {"wanda": 0.1}, "4:8": 0.2, 0.65: 0, 0.7: 0, 0.8: 0}, "b": 0.3},
    ],
)
def test_mappings_nest_in_any_order(given):
    of = epsilon(grouping="gt", epsilon=given, methods=["wanda"])
    # A path has the sparsity as text.
    assert of("llama-13b", "wanda", "0.5") == of("llama-13b", "wanda", 0.5) == 0.1
    assert of("llama-13b", "wanda", "4:8") == 0.2 and of("b", "wanda", 0.8) == 0.3


def test_what_an_allocation_is_not_for_needs_no_epsilon():
    given = {"epsilon": {0.5: 0.1}, "sparsities": [0.5], "models": ["b"]}
    assert epsilon(grouping="gt", **given)("b", "magnitude", 0.5) == 0.1
