import json

import pytest

from heavytail.config.families import DISCOVERY, FAMILIES, family_module
from support.project import ROOT


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_is_chosen_by_the_type_of_the_model(family, tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"model_type": family}))
    module = family_module(tmp_path)
    assert (ROOT / f"scripts/{module.replace('.', '/')}.py").is_file()


def test_a_type_without_a_module_is_looked_for_in_transformers(tmp_path):
    (tmp_path / "config.json").write_text('{"model_type": "olmo2"}')
    assert family_module(tmp_path) == DISCOVERY
    assert (ROOT / f"scripts/{DISCOVERY.replace('.', '/')}.py").is_file()


@pytest.mark.parametrize("content", [None, "{", "{}", '{"model_type": []}'])
def test_no_family_is_chosen_where_the_config_names_none(content, tmp_path):
    if content is not None:
        (tmp_path / "config.json").write_text(content)
    assert family_module(tmp_path) is None
