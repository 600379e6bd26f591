"""One folder is one model; tests/unit/config/test_bad_inputs.py has the folders that are not."""

import pytest
import torch

from heavytail.models import provenance
from heavytail.models.checkpoint import Checkpoint
from heavytail.models.folder import check_folder, foreign_prefix
from support.checkpoints import EMBEDDING, HEAD, WHOLE
from support.tiny_model import save_model


@pytest.mark.parametrize("name", WHOLE)
def test_a_whole_model_passes_however_it_is_stored(name, tmp_path):
    family, shape, change = WHOLE[name]
    folder = save_model(tmp_path / "model", family, **shape)
    change(folder)
    check_folder(folder)


def test_tensors_under_other_names_are_those_of_the_model(tmp_path):
    family, shape, change = WHOLE["tied, under the head"]
    folder = save_model(tmp_path / "model", family, **shape)
    before = Checkpoint(folder).tensor(EMBEDDING)
    change(folder)
    after = Checkpoint(folder)
    assert EMBEDDING not in after.stored and HEAD in after.stored
    assert torch.equal(after.tensor(EMBEDDING), before)
    assert torch.equal(after.rows(EMBEDDING, 3, 5), before[3:5])


def test_a_prefix_is_one_only_if_it_explains_every_name():
    assert foreign_prefix(["a.b", "c"], ["x.a.b", "x.c"]) == "x."
    assert foreign_prefix(["a.b", "c"], ["x.a.b", "y.c"]) is None
    assert foreign_prefix(["a.b"], ["a.c"]) is None


def test_everything_that_belongs_to_a_tokenizer_is_linked(tmp_path):
    source = save_model(tmp_path / "source")
    names = ("chat_template.jinja", "added_tokens.json", "additional_chat_templates/tool_use.jinja")
    (source / "additional_chat_templates").mkdir()
    for name in (*names, "additional_chat_templates/code.py", "README.md"):
        (source / name).write_text("{}")
    provenance.link_folder(source, tmp_path / "target")
    files = provenance.record(tmp_path / "target", "source", None)["files"]
    assert {*names} < files.keys()
    assert not [name for name in files if name.endswith((".py", ".md"))]
