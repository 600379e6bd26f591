"""Every type of causal language model that transformers has, as a tiny random model.

It prints docs/model-types.md: PYTHONPATH=scripts:tests ./run python tests/support/model_types.py
"""

import sys
import tempfile
from pathlib import Path

import torch
from transformers import CONFIG_MAPPING, AutoConfig, PreTrainedConfig, logging
from transformers.models.auto.modeling_auto import (
    MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
    MODEL_FOR_MULTIMODAL_LM_MAPPING_NAMES,
)

from heavytail.config.families import FAMILIES
from heavytail.evaluation.perplexity import negative_log_likelihoods
from heavytail.models.architecture import model_class
from heavytail.models.folder import check_folder
from heavytail.models.loading import load_model
from heavytail.models.streaming import StreamedModel
from heavytail.pruning.export import export
from support.pruned_cells import prune, windows
from support.tiny_model import byte_tokenizer

TYPES = tuple(MODEL_FOR_CAUSAL_LM_MAPPING_NAMES)
# Those that read more than text.
PARTED = tuple(MODEL_FOR_MULTIMODAL_LM_MAPPING_NAMES)
METHODS = ("wanda", "sparsegpt")
CPU = torch.device("cpu")
# Settings of all types; each takes those that it knows.
SMALL = {
    **{"vocab_size": 260, "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0},
    **{"hidden_size": 32, "n_embd": 32, "d_model": 32, "word_embed_proj_dim": 32},
    **{"embedding_size": 32, "input_embedding_size": 32, "output_embedding_size": 32},
    **{"intermediate_size": 48, "ffn_dim": 48, "n_inner": 48, "decoder_ffn_dim": 48},
    **{"num_hidden_layers": 3, "n_layer": 3, "n_layers": 3, "num_layers": 3, "decoder_layers": 3},
    **{"num_attention_heads": 4, "n_head": 4, "n_heads": 4, "decoder_attention_heads": 4},
    **{"num_key_value_heads": 2, "num_kv_heads": 2, "head_dim": 8, "rotary_dim": 4},
    **{"attention_heads": 4, "max_position_embeddings": 64, "n_positions": 64, "max_seq_len": 64},
    **{"num_experts": 4, "num_local_experts": 4, "n_routed_experts": 4, "num_experts_per_tok": 2},
    **{"moe_intermediate_size": 16, "n_shared_experts": 1, "shared_expert_intermediate_size": 16},
    **{"q_lora_rank": 8, "kv_lora_rank": 8, "qk_rope_head_dim": 4, "qk_nope_head_dim": 4},
    **{"v_head_dim": 8, "n_group": 1, "topk_group": 1, "first_k_dense_replace": 1},
}
# Settings of the parts that read images or sounds.
OF_IMAGES = {
    **{"hidden_size": 32, "embed_dim": 32, "out_hidden_size": 32, "d_model": 32},
    **{"num_hidden_layers": 1, "depth": 1, "encoder_layers": 1, "num_heads": 4},
    **{"encoder_attention_heads": 4, "encoder_ffn_dim": 48, "num_key_value_heads": 4},
    **{"image_size": 16, "patch_size": 8, "spatial_merge_size": 1, "projection_dim": 32},
}
# What stands for an image in the text; no byte has this number.
TOKEN = 259
# Settings of single types.
OWN: dict[str, dict[str, object]] = {
    "gpt_neo": {"attention_types": [[["global"], 3]]},
    **{
        kind: {"head_dim": 4, "num_key_value_heads": 4}
        for kind in ("axk1", "deepseek_v2", "deepseek_v3", "glm4_moe_lite", "minicpm3")
    },
    # As it loads this one, transformers overwrites the row of a padding token with zeros.
    "youtu": {"head_dim": 4, "num_key_value_heads": 4, "pad_token_id": None},
}
# Of the pairs of numbers of a head, those that turn with time, height and width.
TURNS = {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [2, 1, 1]}
for _kind in ("qwen2_vl", "qwen2_5_vl", "qwen2_5_omni", "paddleocr_vl", "hunyuan_vl"):
    OWN[f"{_kind}_text"] = {"rope_parameters": TURNS}
# No larger model is made.
LARGEST = 20_000_000


def tiny(kind: str) -> PreTrainedConfig:
    """A config of a type with small sizes. Raises what the type's own code raises."""
    chosen = CONFIG_MAPPING[kind]
    try:
        usual = chosen()
        known = {*usual.to_dict(), *chosen.attribute_map}
    except Exception:
        usual, known = None, set(OWN.get(kind, ()))
    settings = {name: value for name, value in SMALL.items() if name in known}
    decides = {"is_decoder": True} if "is_decoder" in known else {}
    parts = {name: _part(getattr(usual, name, None)) for name in chosen.sub_configs}
    settings |= {name: part for name, part in parts.items() if part}
    tokens = {name: TOKEN for name in known if name.endswith(("_token_id", "_token_index"))}
    if parts:
        settings |= {name: TOKEN for name in tokens if name not in settings}
    return chosen(**settings | decides | OWN.get(kind, {}))


def _part(usual: PreTrainedConfig | None) -> dict[str, object] | None:
    """The settings of a part of a model with small sizes; `usual` are those without."""
    if usual is None:
        return None
    kind = usual.model_type
    known = {*usual.to_dict(), *type(usual).attribute_map}
    own = {**SMALL, **OF_IMAGES} if "vocab_size" not in known else SMALL
    settings = {name: value for name, value in own.items() if name in known}
    return {"model_type": kind, **settings, **OWN.get(kind, {})}


def save(kind: str, folder: Path) -> None:
    """A random model of a type, float32, as a Hugging Face folder with a tokenizer."""
    config = tiny(kind)
    with torch.device("meta"):
        size = sum(p.numel() for p in model_class(config).from_config(config).parameters())
    if size > LARGEST:
        raise ValueError(f"{size:,} parameters with the settings of small models")
    torch.manual_seed(0)
    model = model_class(config).from_config(config)
    for parameter in model.parameters():
        if parameter.ndim > 1:
            torch.nn.init.normal_(parameter, std=0.15)
    model.save_pretrained(folder)
    byte_tokenizer().save_pretrained(folder)


def plain(folder: Path) -> torch.nn.Module:
    """The model of a folder as transformers loads it, all of it, in float32."""
    chosen = model_class(AutoConfig.from_pretrained(folder))
    return chosen.from_pretrained(folder, dtype=torch.float32).eval()


@torch.no_grad()
def losses(model: torch.nn.Module) -> torch.Tensor:
    """The mean loss of each window: log-probabilities are formed in float64."""
    logs = model(input_ids=windows()).logits.double().log_softmax(-1)
    return -logs[:, :-1].gather(-1, windows()[:, 1:, None]).squeeze(-1).mean(1)


@torch.no_grad()
def is_causal(model: torch.nn.Module) -> bool:
    """Whether the last token changes nothing before it."""
    ids, other = windows(), windows()
    other[:, -1] = (other[:, -1] + 1) % 256
    before, after = (model(input_ids=one).logits[:, :-1] for one in (ids, other))
    return torch.allclose(before, after, atol=1e-4)


def fault(folder: Path, work: Path) -> str | None:
    """What is wrong with the numbers of a model that is not refused; None if all is right."""
    whole = plain(folder)
    if not is_causal(whole):
        return "tokens see those that follow"
    found = negative_log_likelihoods(StreamedModel(folder, CPU), windows())
    if not torch.allclose(found, losses(whole), rtol=1e-6):
        return "streamed is not whole"
    for method in METHODS:
        artifact = prune(folder, work / method, method)
        try:
            export(folder, artifact, work / method / "exported")
            expected = losses(plain(work / method / "exported"))
        except ValueError as error:
            # transformers gives biases to few types that have none.
            if "cannot be exported" not in str(error):
                raise
            expected = losses(load_model(folder, CPU, artifact))
        streamed = negative_log_likelihoods(StreamedModel(folder, CPU, artifact), windows())
        if not torch.allclose(losses(load_model(folder, CPU, artifact)), expected, rtol=1e-6):
            return f"{method}: the export is not the cell"
        if not torch.allclose(streamed, expected, rtol=1e-6):
            return f"{method}: streamed is not exported"
    return None


def verdict(kind: str) -> tuple[str, str]:
    """Whether a type "works", is "refused", is "wrong" or "not made" here, and why."""
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work, "model")
        try:
            save(kind, folder)
        # Whatever a type's own code makes of small sizes.
        except Exception as error:
            return "not made", f"{type(error).__name__}: {error}".splitlines()[0]
        try:
            check_folder(folder)
        except ValueError as error:
            return "refused", " ".join(str(error).removeprefix(f"{folder}: ").split())
        wrong = fault(folder, Path(work))
    if wrong:
        return "wrong", wrong
    return "works", "a module of its own" if kind in FAMILIES else "found"


def verdicts() -> dict[str, tuple[str, str]]:
    """Type → `verdict`, of all types."""
    return {kind: verdict(kind) for kind in sorted({*TYPES, *PARTED})}


def page(found: dict[str, tuple[str, str]]) -> str:
    """docs/model-types.md, from `verdicts`."""
    names = {word: [k for k, (had, _) in found.items() if had == word] for word in WORDS}
    assert not names["wrong"], [(kind, found[kind][1]) for kind in names["wrong"]]
    works = (f"`{k}`" + _marks(k, found[k][1]) for k in names["works"])
    refused = (f"| `{k}` | {_reason(found[k][1])} |" for k in names["refused"])
    rest = (f"`{kind}`" for kind in names["not made"])
    counts = {word: len(kinds) for word, kinds in names.items()}
    causal = [kind for kind in names["works"] if kind in TYPES]
    return TEXT.format(
        types=len(found),
        only=len(TYPES),
        causal=len(causal),
        parted=len([kind for kind in names["works"] if kind in PARTED]),
        works=counts["works"],
        refused=counts["refused"],
        rest=counts["not made"],
        which=", ".join(works),
        why="\n".join(refused),
        others=", ".join(rest),
    )


def _marks(kind: str, found: str) -> str:
    """The signs of the notes below a type that works."""
    return " ¹" * (found != "found") + " ²" * (kind in PARTED) + " ³" * (kind == "youtu")


def _reason(said: str) -> str:
    """Why a type is refused, without what every such line says."""
    found = said.split(": ", 2)[2] if said.startswith("config.json: model_type") else said
    return found.removesuffix(": not supported")


WORDS = ("works", "refused", "wrong", "not made")
TEXT = """# Model types

transformers has {types} types of models that write text, {only} of them among its causal language
models. Each was tried as a tiny random model: {works} work ({causal} of the causal ones), {refused}
are refused by `fetch_model` in one line, and of {rest} no tiny model could be made here, so that
nothing is claimed.

A type works if the model streamed block by block scores as the whole model to 1e-6, and if Wanda
and SparseGPT each give a cell that transformers loads from its export and that scores the same by
every way.

`tests/support/model_types.py` writes this page.

## Those that work

{which}

¹ A module of `scripts/heavytail/models/families` says where the projections are, in most of them
because some share a weight. `scripts/heavytail/models/discovery.py` finds those of all others.

² It reads images or sounds too. Its text decoder is pruned, and is scored on text alone; an export
has all other tensors as they were, and transformers loads it as the whole model. {parted} such
types work.

³ Tried without a padding token. As transformers loads this type, it overwrites the embedding of the
padding token with zeros, which the files need not have.

## Those that are refused

| type | why |
|---|---|
{why}

## Those of which no tiny model was made

{others}
"""


if __name__ == "__main__":
    logging.set_verbosity_error()
    if len(sys.argv) > 1:
        for kind in sys.argv[1:]:
            print(kind, *verdict(kind), flush=True)
    else:
        print(page(verdicts()), end="")
