"""Layouts that no module of a family says, found in what transformers has."""

import pytest

from heavytail.config.families import FAMILIES
from heavytail.models.discovery import family
from heavytail.models.layout import family_of, slices_of
from support.model_types import page, tiny, verdict, verdicts
from support.project import ROOT

# One of each kind: other names, two norms and a cap, a scale, parallel parts, tuples, position
# embeddings, a transform before the output embedding, no gate, one input for all of a block.
KINDS = {
    "starcoder2": "other names",
    "gemma2": "norms on both sides and a cap on the logits",
    "cohere": "attention and MLP side by side, and a scale on the logits",
    "granite": "scales everywhere",
    "gptj": "blocks that return tuples, and a bias of the output embedding",
    "xglm": "position embeddings",
    "roberta": "a transform before the output embedding",
    "nemotron": "no gate",
    "mixtral": "experts",
    "qwen2_moe": "experts, and one that sees every token",
    "gpt_oss": "experts whose weights are transposed and interleaved, with biases",
    "deepseek_v3": "low-rank attention, and a first block without experts",
    "llava": "a text decoder beside an encoder of images",
    "gemma3": "one that the model gives masks of its own",
    "qwen2_5_vl": "one whose positions have three parts",
}
GIT = (
    "found the lists of blocks git.image_encoder.vision_model.encoder.layers, git.encoder.layer, "
    "expected one"
)


@pytest.mark.parametrize("kind", KINDS)
def test_a_found_layout_prunes_and_scores_as_the_whole_model(kind):
    assert verdict(kind) == ("works", "found")


@pytest.mark.parametrize("kind", ["llama", "mistral", "qwen2", "qwen3", "gemma", "opt"])
def test_what_a_module_says_is_what_is_found(kind):
    config = tiny(kind).to_dict()
    said, found = family_of(config), family(config)
    assert kind in FAMILIES and said.blocks == found.blocks
    assert [found.slices(config)] * 3 == slices_of(config)
    assert (said.depth, said.heads, said.tuples) == (found.depth, found.heads, found.tuples)


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        ("rwkv", "attention: it has weights of more than two dimensions"),
        ("jamba", "mamba (JambaMambaMixer) has no clear role"),
        ("qwen3_next", "linear_attn.conv1d (Conv1d) has no clear role"),
        ("mamba", "mixer (MambaMixer) has no clear role"),
        ("qwen3_5_text", "linear_attn.conv1d (Conv1d) has no clear role"),
        ("codegen", "attn.qkv_proj (Linear) has no clear role"),
        ("fuyu", "self_attn.query_key_value (Linear) has no clear role"),
        ("glm4v", "mlp.gate_up_proj (Linear) has no clear role"),
        ("paligemma", "the tokens of a prompt see those that follow"),
        ("git", GIT),
    ],
)
def test_a_layout_that_stays_unclear_is_refused_by_name(kind, line):
    with pytest.raises(ValueError) as raised:
        family(tiny(kind).to_dict())
    assert str(raised.value) == f"config.json: model_type {kind!r}: {line}: not supported"


def test_a_model_whose_tokens_see_those_that_follow_is_refused():
    config = tiny("bert").to_dict() | {"is_decoder": False}
    with pytest.raises(ValueError, match="is_decoder is false"):
        family(config)


def test_blocks_that_differ_are_refused():
    config = tiny("lfm2").to_dict() | {"layer_types": ["conv", "full_attention", "conv"]}
    with pytest.raises(ValueError, match=r"no clear role"):
        family(config)


@pytest.mark.slow
def test_the_page_says_what_comes_of_every_type():
    assert (ROOT / "docs/model-types.md").read_text() == page(verdicts())
