"""Models made on the spot: real architectures with random weights, small enough for every test."""

from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedTokenizerFast

SHAPE = {
    "vocab_size": 260,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "num_hidden_layers": 3,
    "max_position_embeddings": 64,
    "bos_token_id": 256,
    "eos_token_id": 257,
    "pad_token_id": 258,
}
# config.json of a real model with grouped queries.
LLAMA_3_8B = {
    "model_type": "llama",
    "vocab_size": 128256,
    "hidden_size": 4096,
    "intermediate_size": 14336,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "max_position_embeddings": 8192,
    "rope_theta": 500000.0,
}
# Families whose sizes have other names, and no key-value heads of their own.
SIZES = {
    "opt": {"ffn_dim": 48, "word_embed_proj_dim": 32},
    "gpt2": {"n_inner": 48},
    "codegen": {"n_inner": 48, "rotary_dim": 4},
    "gpt_bigcode": {"n_inner": 48},
    # It takes no head_dim.
    "falcon": {"ffn_hidden_size": 48, "head_dim": ...},
    "mpt": {"expansion_ratio": 2},
}


def byte_tokenizer() -> PreTrainedTokenizerFast:
    """A byte-level tokenizer without merges: one token per byte."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {symbol: number for number, symbol in enumerate(alphabet)}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", pad_token="<pad>"
    )


def save_model(folder: Path, family: str = "llama", seed: int = 0, **shape) -> Path:
    """Write a random model of a family, float32, as a Hugging Face folder with a tokenizer."""
    settings = {**SHAPE, **SIZES.get(family, {}), **shape}
    known = {name: value for name, value in settings.items() if value is not ...}
    config = AutoConfig.for_model(family, **known)
    torch.manual_seed(seed)
    model = AutoModelForCausalLM.from_config(config)
    # The default initialisation is so small that pruning hardly moves the logits.
    for parameter in model.parameters():
        if parameter.ndim > 1:
            torch.nn.init.normal_(parameter, std=0.15)
    model.save_pretrained(folder)
    byte_tokenizer().save_pretrained(folder)
    return folder
