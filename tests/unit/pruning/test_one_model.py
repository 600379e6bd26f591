"""Every way to a model reads the same tensors: streamed, whole, exported, and by transformers."""

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from heavytail.evaluation.perplexity import negative_log_likelihoods
from heavytail.models.checkpoint import Checkpoint
from heavytail.models.loading import load_model
from heavytail.models.streaming import StreamedModel
from heavytail.pruning.export import export
from heavytail.spectra.block_weights import BlockWeights
from support.checkpoints import WHOLE, Q
from support.pruned_cells import prune, windows
from support.tiny_model import save_model

CPU = torch.device("cpu")


def losses(model) -> torch.Tensor:
    with torch.no_grad():
        logs = model(input_ids=windows()).logits.float().log_softmax(-1)
    return -logs[:, :-1].gather(-1, windows()[:, 1:, None]).squeeze(-1).double().mean(1)


def by_transformers(folder) -> torch.Tensor:
    model, report = AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.float32, output_loading_info=True
    )
    assert not report["missing_keys"] and not report["mismatched_keys"]
    return losses(model)


@pytest.mark.parametrize("method", ["magnitude", "sparsegpt", "stade"])
@pytest.mark.parametrize("name", WHOLE)
def test_a_model_scores_the_same_by_every_way(name, method, tmp_path):
    family, shape, change = WHOLE[name]
    folder = save_model(tmp_path / "model", family, **shape)
    whole = losses(AutoModelForCausalLM.from_pretrained(folder))
    change(folder)
    dense = by_transformers(folder)
    assert torch.allclose(dense, whole, rtol=1e-3), "the change made another model"
    assert torch.allclose(losses(load_model(folder, CPU)), dense, rtol=1e-6)
    streamed = negative_log_likelihoods(StreamedModel(folder, CPU), windows())
    assert torch.allclose(streamed, dense, rtol=1e-6)
    artifact = prune(folder, tmp_path / "work", method)
    export(folder, artifact, tmp_path / "exported")
    expected = by_transformers(tmp_path / "exported")
    assert not torch.allclose(expected, dense, rtol=1e-3)
    assert torch.allclose(losses(load_model(folder, CPU, artifact)), expected, rtol=1e-6)
    streamed = negative_log_likelihoods(StreamedModel(folder, CPU, artifact), windows())
    assert torch.allclose(streamed, expected, rtol=1e-6)


@pytest.mark.parametrize("name", WHOLE)
def test_spectra_are_of_the_weights_that_are_scored(name, tmp_path):
    family, shape, change = WHOLE[name]
    folder = save_model(tmp_path / "model", family, **shape)
    change(folder)
    checkpoint, model = Checkpoint(folder), AutoModelForCausalLM.from_pretrained(folder)
    for block, projection in checkpoint.matrices():
        weight = model.get_parameter(checkpoint.weight_name(block, projection)).data
        expected = checkpoint.slices[block][projection].read(weight)
        found = BlockWeights(checkpoint, block, CPU).weight(projection)
        assert torch.equal(found.float(), expected.float())


def test_each_matrix_keeps_its_own_dtype(tmp_path):
    folder = save_model(tmp_path / "model")
    WHOLE["mixed dtypes"][2](folder)
    artifact = prune(folder, tmp_path / "work", "sparsegpt")
    export(folder, artifact, tmp_path / "exported")
    before, after = Checkpoint(folder), Checkpoint(tmp_path / "exported")
    assert {name: part.code for name, part in before.stored.items()} == {
        name: part.code for name, part in after.stored.items()
    }
    assert after.stored[Q].code == "F32" and before.dtype == torch.float32
    found = after.tensor(Q)
    assert (found != found.half().float()).any(), "values went through half precision"


def test_chat_templates_travel_with_an_export(tmp_path):
    folder = save_model(tmp_path / "model")
    (folder / "chat_template.jinja").write_text("{{ messages[0]['content'] }}!")
    (folder / "additional_chat_templates").mkdir()
    (folder / "additional_chat_templates/loud.jinja").write_text("{{ messages[0]['content'] }}!!")
    export(folder, prune(folder, tmp_path / "work", "magnitude"), tmp_path / "exported")
    said = [{"role": "user", "content": "hi"}]
    for place in (folder, tmp_path / "exported"):
        tokenizer = AutoTokenizer.from_pretrained(place)
        assert tokenizer.apply_chat_template(said, tokenize=False) == "hi!"
        assert tokenizer.apply_chat_template(said, chat_template="loud", tokenize=False) == "hi!!"
