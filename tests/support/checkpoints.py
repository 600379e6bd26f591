"""Folders of one and the same model as people store it, and what makes them another one."""

import json
from collections.abc import Callable
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast

from support.tiny_model import byte_tokenizer, save_model

WEIGHTS, CONFIG = "model.safetensors", "config.json"
HEAD, EMBEDDING = "lm_head.weight", "model.embed_tokens.weight"
Q = "model.layers.1.self_attn.q_proj.weight"
Change = Callable[[Path], None]


def rewrite(change: Callable[[dict[str, torch.Tensor]], dict[str, torch.Tensor]]) -> Change:
    """Changes the tensors of the one file of weights."""

    def apply(folder: Path) -> None:
        made = {name: part.clone() for name, part in change(load_file(folder / WEIGHTS)).items()}
        save_file(made, folder / WEIGHTS, metadata={"format": "pt"})

    return apply


def renamed(name: Callable[[str], str]) -> Change:
    """Changes the names of all tensors."""
    return rewrite(lambda tensors: {name(old): part for old, part in tensors.items()})


def configured(**changes: object) -> Change:
    """Changes settings of config.json."""

    def apply(folder: Path) -> None:
        found = json.loads((folder / CONFIG).read_text()) | changes
        (folder / CONFIG).write_text(json.dumps(found))

    return apply


def sharded(folder: Path) -> None:
    """Weights in several files with an index, in the place of the one file."""
    model = AutoModelForCausalLM.from_pretrained(folder)
    (folder / WEIGHTS).unlink()
    model.save_pretrained(folder, max_shard_size="30KB")


def beside_an_index(folder: Path) -> None:
    """Another model in one file, beside the shards."""
    sharded(folder)
    save_file(
        load_file(save_model(folder.parent / "other", seed=1) / WEIGHTS),
        folder / WEIGHTS,
        metadata={"format": "pt"},
    )


def without_special_tokens(folder: Path) -> None:
    """A tokenizer that has no BOS, EOS, PAD or UNK."""
    (folder / "tokenizer_config.json").unlink()
    plain = byte_tokenizer().backend_tokenizer
    PreTrainedTokenizerFast(tokenizer_object=plain).save_pretrained(folder)


def in_dtypes(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Half precision, but for one matrix."""
    return {name: part if name == Q else part.half() for name, part in tensors.items()}


def tied_twice(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Tied weights under both of their names."""
    return tensors | {HEAD: tensors[EMBEDDING]}


def under_the_head(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Tied weights under the other one of their names."""
    tensors[HEAD] = tensors.pop(EMBEDDING)
    return tensors


def with_old_buffers(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """What old releases of transformers stored beside the weights."""
    old = "model.layers.0.self_attn.rotary_emb.inv_freq"
    return tensors | {old: torch.zeros(4)}


# What a folder is like → family, settings of its shape, what makes it so. One model each.
WHOLE: dict[str, tuple[str, dict, Change]] = {
    "one file": ("llama", {}, lambda folder: None),
    "shards": ("llama", {}, sharded),
    "without the base model's prefix": (
        "llama",
        {"tie_word_embeddings": True},
        renamed(lambda name: name.removeprefix("model.")),
    ),
    "OPT's old names": ("opt", {}, renamed(lambda name: name.removeprefix("model."))),
    "GPT-NeoX's old names": (
        "gpt_neox",
        {},
        renamed(lambda name: name.replace("lm_head", "embed_out")),
    ),
    "tied, stored twice": ("llama", {"tie_word_embeddings": True}, rewrite(tied_twice)),
    "tied, under the head": ("llama", {"tie_word_embeddings": True}, rewrite(under_the_head)),
    "buffers of old releases": ("llama", {}, rewrite(with_old_buffers)),
    "mixed dtypes": ("llama", {}, rewrite(in_dtypes)),
    "no special tokens": ("llama", {}, without_special_tokens),
}


def prefixed(prefix: str) -> Change:
    """Puts a prefix before every name."""
    return renamed(lambda name: prefix + name)


def unlisted(folder: Path) -> None:
    """An index that does not know where a tensor is."""
    sharded(folder)
    index = folder / "model.safetensors.index.json"
    found = json.loads(index.read_text())
    other = next(file for file in found["weight_map"].values() if file != found["weight_map"][Q])
    found["weight_map"][Q] = other
    index.write_text(json.dumps(found))


def twice_in_shards(folder: Path) -> None:
    """A tensor that two shards have."""
    sharded(folder)
    files = sorted(folder.glob("model-*.safetensors"))[:2]
    first, second = map(load_file, files)
    name = next(iter(first))
    save_file(second | {name: first[name] + 1}, files[1], metadata={"format": "pt"})


def two_names(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """A matrix under two names that transformers takes for one."""
    return tensors | {Q.removeprefix("model."): tensors[Q] + 1}


def deeper(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """A block beyond those of config.json."""
    last = {name: part for name, part in tensors.items() if ".layers.2." in name}
    return tensors | {name.replace(".2.", ".3."): part for name, part in last.items()}


def beside(name: str, content: bytes = b"{}") -> Change:
    """Puts a file beside the others."""
    return lambda folder: (folder / name).write_bytes(content) and None


def copied(name: str) -> Change:
    """Puts the weights beside themselves, under another name."""
    return lambda folder: beside(name, (folder / WEIGHTS).read_bytes())(folder)


def without(name: str) -> Change:
    """Takes a tensor away."""
    return rewrite(lambda tensors: {key: part for key, part in tensors.items() if key != name})


def untied(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Tied weights that are not equal."""
    return tensors | {HEAD: tensors[EMBEDDING] + 1}


TIED = configured(tie_word_embeddings=True)
NO_EMBEDDING = f"no tensor {EMBEDDING}, but "
TAKE_OFF = ": transformers does not know the prefix {0!r}: take it off the names"


def tied_and_unequal(folder: Path) -> None:
    """Weights that config.json ties and the file does not."""
    TIED(folder)
    rewrite(untied)(folder)


# What is wrong with a folder → what makes it so, the line behind the folder's path.
NOT_ONE: list[tuple[str, Change, str]] = [
    (
        "a file beside an index",
        beside_an_index,
        ": found model.safetensors beside the files of its index, expected one checkpoint: move "
        "one away",
    ),
    (
        "a file beside the weights",
        copied("model.fp16.safetensors"),
        ": found model.fp16.safetensors beside model.safetensors, expected one checkpoint: move "
        "one away",
    ),
    (
        "an adapter's weights",
        copied("adapter_model.safetensors"),
        ": found adapter_model.safetensors beside model.safetensors, expected one checkpoint: move "
        "one away",
    ),
    ("no output embedding", without(HEAD), f": no tensor {HEAD}: a shard is missing"),
    (
        "tied weights that differ",
        tied_and_unequal,
        f": {HEAD} and {EMBEDDING} differ, but config.json ties them: say tie_word_embeddings: "
        "false there, or delete one",
    ),
    *(
        (
            f"the prefix {prefix}",
            prefixed(prefix),
            f": {NO_EMBEDDING}{prefix}{EMBEDDING}{TAKE_OFF.format(prefix)}",
        )
        for prefix in ("_orig_mod.", "language_model.", "module.")
    ),
    (
        "other names",
        renamed(lambda name: name.replace("embed_tokens", "tok_embeddings")),
        f": {NO_EMBEDDING}model.tok_embeddings.weight, which the model does not have",
    ),
    (
        "blocks beyond config.json",
        rewrite(deeper),
        ": found tensor model.layers.3.input_layernorm.weight (and 8 others), which the model of "
        "config.json does not have",
    ),
    (
        "a tensor of another architecture",
        rewrite(lambda tensors: tensors | {"model.layers.0.self_attn.q_proj.bias": torch.ones(32)}),
        ": found tensor model.layers.0.self_attn.q_proj.bias, which the model of config.json does "
        "not have",
    ),
    (
        "a tensor under two names",
        rewrite(two_names),
        f": found tensor {Q}, which another one stands for too",
    ),
    (
        "weights of whole numbers",
        rewrite(lambda tensors: tensors | {Q: tensors[Q].to(torch.int8)}),
        f": {Q}: found numbers of type I8, expected one of F64, F32, F16, BF16: dequantise the "
        "weights first",
    ),
    ("a wrong index", unlisted, f"/model.safetensors.index.json: weight_map: {Q}: not in model-…"),
    ("a tensor in two shards", twice_in_shards, "/model-00002-of-…"),
]
