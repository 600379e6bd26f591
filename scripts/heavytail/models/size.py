"""The memory that jobs need for a model, from its files' headers (standard library: parse time)."""

import json
import math
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from heavytail.config.model_folder import model_files, read_settings

# No header of a safetensors file is longer.
HEADER_BYTES = 10**8
# Bytes of a parameter as it is stored, on its way to what it is computed in.
STORED = 2
# Beside those of the block in use: those of the next one, and of the one before on their way to
# disk.
ON_THEIR_WAY = 4 + 2
# The same as in heavytail.models.streaming.
BATCH_TOKENS = 2048
# Entries of the vocabulary whose logits exist at a time, and the copies of these: in the dtype of
# the computation, and three in float32.
VOCABULARY_ROWS, COPIES = 8192, 3
# lm-eval's own engine takes 32 prompts at a time. Hardly any of them is longer than 512 tokens.
PROMPTS = 32
PROMPT_TOKENS = PROMPTS * 512
# Copies of a layer's widest activations while prompts are read: 7.2 were measured.
READ = 8
# The same as in heavytail.evaluation.shared_contexts: tokens of a batch, and logits at a time.
PACKED_TOKENS, READ_TOKENS = 4096, 1024
# Float32 copies of a layer's widest activations, with room to spare.
ACTIVATIONS = 16
# Bytes that heavytail.spectra.parallel allows for matrices that are computed at the same time.
SIDE_BY_SIDE = 2**31
# Float32 vectors of heavytail.diagnostics.loss_hessian: those per eigenvalue, and those of its
# products and of the model with its gradients.
LANCZOS_VECTORS, OTHER_VECTORS = 4, 12
# Float32 copies that the graph of a product holds of all attention maps and of the logits, and of
# each block's widest activations: with SmolLM2-135M 0.93 to 0.97 of their sum was measured.
GRAPH_COPIES, GRAPH_ACTIVATIONS = 9, 16
# What stands before the number of a block, and the number.
BLOCK = re.compile(r"(.*?\.)?(\d+)\.")
# A part of the names of the experts' tensors.
EXPERTS = ".experts."
# The entries of a head where config.json does not say it; few models have smaller ones.
HEAD = 64
# No known mixture sends a token to more experts.
CHOSEN = 16
# No node has more bytes.
NODE = 2**40


@dataclass(frozen=True)
class ModelSize:
    """The sizes of a model in parameters, and the bytes that jobs on a CPU need for it at most.

    The memory of libraries is not included.
    """

    parameters: int
    blocks: int
    block: int  # parameters of the largest block
    matrix: tuple[int, int]  # rows and columns of the largest matrix of a block
    columns: int  # the most input features of any matrix of a block
    vocabulary: int
    width: int  # of the hidden states
    experts: bool = False  # whether a block is a mixture of experts
    computed: int = 4  # bytes of a parameter in a computation: those of float32 at most
    kept: int = 0  # keys and values of a token that a block keeps while text is generated
    heads: int = 1  # of the attention of a block

    @property
    def embeddings(self) -> int:
        """Bytes of the embeddings, as they are stored and computed with."""
        return (STORED + self.computed) * self.vocabulary * self.width

    @property
    def weights(self) -> int:
        """Bytes of all parameters, as they are stored and computed with."""
        return (STORED + self.computed) * self.parameters

    def streamed(self, tokens: int) -> int:
        """Bytes of the hidden states of so many tokens, and of embeddings or a block being pruned.

        The next block is read, and the one before is written, while a block is in use. SparseGPT's
        Hessians are the largest statistics of a block; the largest of them has its factor and a
        copy beside it. Two matrices that share an input are in memory twice in float32, and as
        masks. What the experts of a block read is kept until the last of them is pruned.
        """
        hidden = self.computed * tokens * self.width
        if self.experts:
            hidden += self.computed * tokens * self.width + 8 * tokens * CHOSEN
        hessians = 4 * 3 * (self.columns**2 + self.width**2)
        pruned = 2 * (4 + 4 + 1) * math.prod(self.matrix)
        block = (STORED + self.computed + ON_THEIR_WAY) * self.block
        return hidden + max(self.embeddings, block + hessians + pruned)

    def scored_text(self, tokens: int) -> int:
        """Bytes of the hidden states of so many tokens, and of what they pass at a time.

        That is the embeddings, or a block and the next one with a matrix on which the masks of a
        cell are put, or a part of the output embedding with the logits of a batch.
        """
        hidden = self.computed * tokens * self.width
        blocks = (STORED + 2 * self.computed) * self.block + (4 + 4 + 1) * math.prod(self.matrix)
        rows = min(VOCABULARY_ROWS, self.vocabulary)
        head = (
            self.computed * rows * self.width + (self.computed + 4 * COPIES) * BATCH_TOKENS * rows
        )
        return hidden + max(self.embeddings, blocks, head)

    def searched(self, text: int, scored: int) -> int:
        """Bytes of a search on so many tokens of text that scores so many at a time.

        Of the text it holds what the blocks read at first and what the dense model makes of it, of
        a block its dense matrices beside the pruned ones.
        """
        tokens = 2 * text + scored
        return max(self.streamed(tokens), self.scored_text(tokens)) + self.computed * self.block

    def in_one_pass(self, tokens: int) -> int:
        """`streamed`, and the activations between two stages of a block for all tokens."""
        return self.streamed(tokens) + 4 * 4 * tokens * self.columns

    def scored(self, tokens: int) -> int:
        """`streamed`, and the scores of a block: one by one, all together, and sorted."""
        return self.streamed(tokens) + (4 + 4 + 4 + 8) * self.block

    def between_blocks(self, tokens: int) -> int:
        """Bytes of the hidden states before and after all blocks, and of a block with gradients.

        These include some copies of hidden states, the output embedding in parts and as a whole,
        and the logits of a batch with their gradients.
        """
        hidden = 4 * (self.blocks + 4) * tokens * self.width
        head = 4 * self.vocabulary * (2 * self.width + 4 * BATCH_TOKENS)
        return hidden + self.streamed(0) + 4 * 3 * self.block + head

    def whole(self, shared: bool) -> int:
        """Bytes of the model, and of what it makes of a batch of prompts.

        If contexts are `shared`, that is a layer's activations and some logits at a time. Else it
        is two float32 logits for each token; activations take the rest of that memory.
        """
        if not shared:
            return self.weights + 2 * 4 * PROMPT_TOKENS * self.vocabulary
        logits = (self.computed + 2 * 4) * READ_TOKENS * self.vocabulary
        return self.weights + logits + ACTIVATIONS * 4 * PACKED_TOKENS * self.columns

    def generating(self, length: int) -> int:
        """Bytes of the model, and of a batch of texts of so many tokens each, prompts included.

        They have keys and values in every block, and activations in one.
        """
        own = self.blocks * self.kept + READ * self.columns
        return self.weights + self.computed * PROMPTS * length * own

    def spectra(self, threads: int) -> int:
        """Bytes of float64 matrices and their copies, of Gram matrices and the solver's copies."""
        one = 2 * 8 * (math.prod(self.matrix) + 2 * min(self.matrix) ** 2)
        return max(one, min(threads * one, SIDE_BY_SIDE))

    def loss_hessian(self, eigenvalues: int, length: int, room: int = NODE) -> int:
        """Bytes of the vectors of Lanczos for so many eigenvalues, and of the graph of a window.

        If they do not fit into `room`, the job finds it out and leaves the loss Hessian away.
        """
        vectors = self.parameters * (LANCZOS_VECTORS * eigenvalues + OTHER_VECTORS)
        held = 4 * vectors + self.graph(length)
        return held if held < room else self.whole(shared=False)

    def graph(self, length: int) -> int:
        """Bytes of what a double backward pass of the whole model keeps of so many tokens."""
        maps = GRAPH_COPIES * self.blocks * self.heads * length**2
        activations = GRAPH_ACTIVATIONS * self.blocks * self.columns
        return 4 * (maps + length * (GRAPH_COPIES * self.vocabulary + activations))


def tensor_headers(folder: str | Path) -> dict[str, dict[str, Any]]:
    """Name → header of every tensor of a Hugging Face folder, with its `shape` and its `dtype`.

    Raises ValueError if a file has no whole header.
    """
    found: dict[str, dict[str, Any]] = {}
    for path in model_files(folder):
        if path.suffix == ".safetensors":
            with open(path, "rb") as file:
                length = int.from_bytes(file.read(8), "little")
                header = json.loads(file.read(min(length, HEADER_BYTES)))
            header.pop("__metadata__", None)
            found |= header
    return found


def heads_of(folder: str | Path, width: int) -> tuple[int, int]:
    """A block's heads, and the keys and values that it keeps of a token, by config.json.

    Where that does not say it, heads have 64 entries, and keys and values are those of all.

    Args:
        folder: that of the model.
        width: of its hidden states, which all heads of a block have together.
    """
    found = read_settings(Path(folder, "config.json"))
    own = found.get("text_config", found)
    heads = own.get("num_attention_heads")
    if not heads:
        return -(-width // HEAD), 2 * width
    size = own.get("head_dim") or width // heads
    return heads, 2 * size * (own.get("num_key_value_heads") or heads)


def model_size(folder: str | Path, bfloat16: bool = False) -> ModelSize:
    """The sizes of the model of a Hugging Face folder.

    Args:
        folder: that of the model.
        bfloat16: whether the machine computes in bfloat16 what is stored so, else in float32.

    Raises ValueError if a file has no whole header, or the model has no blocks or no embeddings.
    """
    blocks: dict[tuple[str, str], list[list[int]]] = {}
    ends: list[list[int]] = []
    matrices: list[list[int]] = []
    headers = tensor_headers(folder)
    for name, header in headers.items():
        block, shape = BLOCK.match(name), header["shape"]
        (blocks.setdefault((block[1], block[2]), []) if block else ends).append(shape)
        # The weights of experts may be one tensor, of which each is a matrix.
        if block and (len(shape) == 2 or (len(shape) == 3 and EXPERTS in name)):
            matrices.append(shape[-2:])
    embeddings = max((shape for shape in ends if len(shape) == 2), key=math.prod, default=None)
    if not matrices or embeddings is None:
        raise ValueError(f"{folder}: found no blocks or no embeddings, expected both")
    sizes = [sum(map(math.prod, block)) for block in blocks.values()]
    largest = max(matrices, key=math.prod)
    # Of a model that reads images too, those of the longest list; their sizes are the largest.
    lists = Counter(prefix for prefix, _ in blocks)
    heads, kept = heads_of(folder, embeddings[1])
    narrow = bfloat16 and {header["dtype"] for header in headers.values()} == {"BF16"}
    return ModelSize(
        computed=2 if narrow else 4,
        blocks=max(lists.values()),
        parameters=sum(sizes) + sum(map(math.prod, ends)),
        block=max(sizes),
        matrix=(largest[0], largest[1]),
        columns=max(columns for _, columns in matrices),
        vocabulary=embeddings[0],
        width=embeddings[1],
        experts=any(EXPERTS in name for name in headers),
        kept=kept,
        heads=heads,
    )
