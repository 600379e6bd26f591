"""A model of LLaMA-7B's shapes made on the spot, with what its jobs read: random, but whole."""

import json
import math
from pathlib import Path

import torch
from safetensors import safe_open
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import LlamaConfig, PreTrainedTokenizerFast

from heavytail.allocation.table import write_ratios
from heavytail.io.files import write_json, write_lines
from heavytail.io.tensors import write_tensors
from heavytail.models.checkpoint import Checkpoint

SPARSITY = 0.5
# Of a question's context and of each of its endings, in the bytes that its tokens are.
CONTEXT, ENDING, CHOICES = 75, 25, 4
TASK = """\
task: random
dataset_path: json
dataset_kwargs: {{data_files: {{test: "{documents}"}}}}
test_split: test
output_type: multiple_choice
doc_to_text: context
doc_to_choice: choices
doc_to_target: answer
metric_list: [{{metric: acc}}]
"""


def write_model(folder: Path, blocks: int, **shape: int) -> None:
    """A Hugging Face folder in float16; every block has the same weights, in a file of its own.

    Args:
        folder: new.
        blocks: their number.
        shape: what else LlamaConfig wants to know.
    """
    folder.mkdir(parents=True)
    config = LlamaConfig(num_hidden_layers=blocks, tie_word_embeddings=False, **shape)
    config.architectures, config.dtype = ["LlamaForCausalLM"], torch.float16
    config.save_pretrained(folder)
    width, inner = config.hidden_size, config.intermediate_size
    square = dict.fromkeys(("q_proj", "k_proj", "v_proj", "o_proj"), (width, width))
    mlp = {"gate_proj": (inner, width), "up_proj": (inner, width), "down_proj": (width, inner)}
    torch.manual_seed(0)
    block = {f"self_attn.{name}.weight": normal(*sides) for name, sides in square.items()}
    block |= {f"mlp.{name}.weight": normal(*sides) for name, sides in mlp.items()}
    for norm in ("input_layernorm", "post_attention_layernorm"):
        block[f"{norm}.weight"] = torch.ones(width, dtype=torch.float16)
    for index in range(blocks):
        tensors = {f"model.layers.{index}.{name}": tensor for name, tensor in block.items()}
        write_tensors(folder / f"block-{index:02}.safetensors", tensors, {"format": "pt"})
    embeddings = normal(config.vocab_size, width)
    ends = {"model.embed_tokens.weight": embeddings, "lm_head.weight": embeddings}
    ends["model.norm.weight"] = torch.ones(width, dtype=torch.float16)
    write_tensors(folder / "ends.safetensors", ends, {"format": "pt"})
    write_index(folder)
    tokenizer().save_pretrained(folder)
    write_json(folder / "provenance.json", {"source": "random", "revision": None, "files": {}})


def normal(rows: int, columns: int) -> torch.Tensor:
    """Float16 [rows, columns] of standard deviation 0.02, as LLaMA is initialised."""
    return torch.empty(rows, columns).normal_(std=0.02).half()


def write_index(folder: Path) -> None:
    """model.safetensors.index.json, by which transformers finds what lies in several files."""
    where = {}
    for path in folder.glob("*.safetensors"):
        with safe_open(path, framework="pt") as shard:
            where |= dict.fromkeys(shard.keys(), path.name)
    write_json(folder / "model.safetensors.index.json", {"metadata": {}, "weight_map": where})


def tokenizer() -> PreTrainedTokenizerFast:
    """A token for each byte."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {symbol: number for number, symbol in enumerate(alphabet)}
    inner = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    return PreTrainedTokenizerFast(tokenizer_object=inner, eos_token="!", pad_token="!")


def write_inputs(place: Path, calibration: tuple[int, int], test: tuple[int, int], questions: int):
    """Beside the model: an equal allocation, tokens to calibrate and test with, a task.

    Args:
        place: holds the model's folder.
        calibration, test: how many windows of how many tokens.
        questions: documents of the task.
    """
    checkpoint = Checkpoint(place / "model")
    sizes = {key: math.prod(shape) for key, shape in checkpoint.matrices().items()}
    write_ratios(place / "ratios.csv", sizes, [SPARSITY] * len(sizes))
    vocabulary = checkpoint.config["vocab_size"]
    for name, windows in (("calibration", calibration), ("test", test)):
        ids = torch.randint(vocabulary, windows)
        write_tensors(place / f"{name}.safetensors", {"input_ids": ids}, {})
    (place / "tasks").mkdir()
    documents = place / "tasks" / "random.jsonl"
    write_lines(documents, [question() for _ in range(questions)])
    (place / "tasks" / "random.yaml").write_text(TASK.format(documents=documents))


def question() -> dict:
    """A document with a context and choices of random letters."""
    letters = torch.randint(ord("a"), ord("z") + 1, (CONTEXT + CHOICES * ENDING,)).tolist()
    text = bytes(letters).decode()
    starts = range(CONTEXT, len(text), ENDING)
    choices = [text[start : start + ENDING - 1] for start in starts]
    return {"context": text[:CONTEXT], "choices": choices, "answer": 0}


def weights_of_blocks(folder: Path) -> int:
    """The number of weights in all matrices of all blocks."""
    return sum(map(math.prod, Checkpoint(folder).matrices().values()))


def blocks_of(folder: Path) -> int:
    """The number of blocks, as config.json has it."""
    return json.loads((folder / "config.json").read_text())["num_hidden_layers"]
