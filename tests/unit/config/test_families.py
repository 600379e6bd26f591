import json

import pytest

from heavytail.config.families import FAMILIES, family_module
from support.project import ROOT


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_is_chosen_by_the_type_of_the_model(family, tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"model_type": family}))
    module = family_module(tmp_path)
    assert (ROOT / f"scripts/{module.replace('.', '/')}.py").is_file()


@pytest.mark.parametrize(
    "content", [None, "{", "{}", '{"model_type": "gpt2"}', '{"model_type": []}']
)
def test_no_family_is_chosen_where_the_config_names_none(content, tmp_path):
    if content is not None:
        (tmp_path / "config.json").write_text(content)
    assert family_module(tmp_path) is None
