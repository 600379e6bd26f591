"""The text decoder of a model of more than text is pruned, and all else stays as it is."""

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import LlavaForConditionalGeneration

from heavytail.data.tokens import check_vocabulary, load_tokenizer
from heavytail.evaluation.perplexity import negative_log_likelihoods
from heavytail.models.architecture import empty_model
from heavytail.models.checkpoint import Checkpoint
from heavytail.models.folder import check_folder
from heavytail.models.streaming import StreamedModel, batches_of
from heavytail.pruning.export import export
from support.model_types import losses, save
from support.pruned_cells import prune, windows

CPU = torch.device("cpu")
BLOCKS = "model.language_model.layers."
# The names of the parts in files, which are those of old releases → in the models of the installed.
NAMES = {
    "language_model.model.": "model.language_model.",
    "language_model.lm_head.": "lm_head.",
    "vision_tower.": "model.vision_tower.",
    "multi_modal_projector.": "model.multi_modal_projector.",
}


def weights_of(folder):
    return load_file(folder / "model.safetensors")


def rename(folder):
    """Give the tensors of a folder the names that the installed release has for them."""
    found = {}
    for name, weight in weights_of(folder).items():
        old, new = next(pair for pair in NAMES.items() if name.startswith(pair[0]))
        found[new + name.removeprefix(old)] = weight
    save_file(found, folder / "model.safetensors", {"format": "pt"})


@pytest.fixture(params=["names of files", "names of models"])
def folder(request, tmp_path):
    save("llava", tmp_path / "model")
    (tmp_path / "model/preprocessor_config.json").write_text('{"do_resize": true}')
    if request.param == "names of models":
        rename(tmp_path / "model")
    return tmp_path / "model"


def whole(folder):
    model, report = LlavaForConditionalGeneration.from_pretrained(
        folder, dtype=torch.float32, output_loading_info=True
    )
    assert not any(report[kind] for kind in ("missing_keys", "unexpected_keys", "mismatched_keys"))
    return model


def test_its_blocks_alone_have_matrices(folder):
    check_folder(folder)
    checkpoint = Checkpoint(folder)
    assert len(checkpoint.matrices()) == 3 * 7 and checkpoint.depth == 3
    assert checkpoint.weight_name(2, "q_proj") == f"{BLOCKS}2.self_attn.q_proj.weight"
    assert any("vision_tower" in name and ".layers.0." in name for name in checkpoint.stored)


def test_it_scores_as_the_whole_model_without_images(folder):
    found = negative_log_likelihoods(StreamedModel(folder, CPU), windows())
    torch.testing.assert_close(found, losses(whole(folder)), rtol=1e-6, atol=0)


def test_an_export_has_all_else_to_the_byte(folder, tmp_path):
    artifact = prune(folder, tmp_path / "cell", "sparsegpt")
    export(folder, artifact, tmp_path / "exported")
    before, after = weights_of(folder), weights_of(tmp_path / "exported")
    inside = ("model.language_model.layers.", "language_model.model.layers.")
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    matrices = {n for n, w in before.items() if n.startswith(inside) and w.ndim == 2}
    assert changed == matrices and before.keys() == after.keys()
    assert all((after[name] == 0).float().mean() > 0.55 for name in matrices)
    name = "preprocessor_config.json"
    assert (tmp_path / "exported" / name).read_bytes() == (folder / name).read_bytes()
    streamed = negative_log_likelihoods(StreamedModel(folder, CPU, artifact), windows())
    expected = losses(whole(tmp_path / "exported"))
    torch.testing.assert_close(streamed, expected, rtol=1e-6, atol=0)


def test_what_text_does_not_pass_stays_on_disk(folder):
    model = StreamedModel(folder, CPU)
    model.embed(batches_of(windows()))
    tower = [p for n, p in model.causal.named_parameters() if "vision_tower" in n]
    assert tower and all(parameter.is_meta for parameter in tower)
    assert not model.decoder.norm.weight.is_meta


def test_a_tensor_of_the_encoder_that_is_missing_is_told(folder):
    weights = weights_of(folder)
    name = next(name for name in sorted(weights) if "vision_tower" in name)
    save_file({n: w for n, w in weights.items() if n != name}, folder / "model.safetensors")
    with pytest.raises(ValueError, match=r"no tensor model\.vision_tower\..*a shard is missing"):
        check_folder(folder)


def test_tensors_that_are_turned_as_they_are_loaded_are_refused(tmp_path):
    save("qwen3_vl_moe", tmp_path)
    with pytest.raises(ValueError, match=r"experts\.down_proj: transformers turns or cuts it"):
        check_folder(tmp_path)


def test_every_part_has_the_dtype_of_the_computation(folder):
    model = empty_model(folder, torch.bfloat16)
    assert {parameter.dtype for parameter in model.parameters()} == {torch.bfloat16}


def test_positions_and_tokens_are_those_of_the_text_decoder(folder):
    with pytest.raises(
        ValueError, match=r"calibration\.length: 65 exceeds the model's 64 positions"
    ):
        load_tokenizer(folder, "calibration.length", 65)
    with pytest.raises(ValueError, match=r"below the vocab_size of config\.json, 260"):
        check_vocabulary(torch.tensor([260]), folder)
