"""What jobs hold of a model in memory, by its files' headers (standard library: parse time)."""

import json
import math
from dataclasses import dataclass
from pathlib import Path

from heavytail.config.model_folder import model_files

# No header of a safetensors file is longer.
HEADER_BYTES = 10**8
# Of a parameter: as it is stored, in 16 bits, and in float32, the most that it is computed in.
STORED_AND_COMPUTED = 2 + 4
# As heavytail.models.streaming has it.
BATCH_TOKENS = 2048
# A batch of evaluate_zero_shot: 32 prompts, hardly one of them longer than 512 tokens.
PROMPT_TOKENS = 32 * 512
# What heavytail.spectra.parallel lets matrices that are worked on side by side hold.
SIDE_BY_SIDE = 2**31
# Float32 vectors of heavytail.diagnostics.loss_hessian: per eigenvalue; beside these, those of its
# products and the
# model with its gradients.
LANCZOS_VECTORS, OTHER_VECTORS = 4, 12
# No node has more: that the loss Hessian of a larger model does not fit is for its job to find.
NODE = 2**40


@dataclass(frozen=True)
class ModelSize:
    """Sizes of a model, in parameters, and what jobs hold of it: bytes, at most, on a CPU.

    What libraries take is not among them.
    """

    parameters: int
    blocks: int
    block: int  # the largest one's parameters
    matrix: tuple[int, int]  # rows and columns of the largest one of a block
    columns: int  # the most input features that a matrix of a block has
    vocabulary: int
    width: int  # of the hidden states

    def streamed(self, tokens: int) -> int:
        """Hidden states of so many tokens; embeddings, or a block that is being pruned.

        Of a block's statistics SparseGPT's Hessians take most, the largest of them with its factor
        and a copy; two matrices that share an input are there twice in float32, and as masks.
        """
        hidden = 4 * tokens * self.width
        embeddings = STORED_AND_COMPUTED * self.vocabulary * self.width
        hessians = 4 * 3 * (self.columns**2 + self.width**2)
        pruned = 2 * (4 + 4 + 1) * math.prod(self.matrix)
        return hidden + max(embeddings, STORED_AND_COMPUTED * self.block + hessians + pruned)

    def in_one_pass(self, tokens: int) -> int:
        """`streamed`, and what lies between two stages of a block for all tokens."""
        return self.streamed(tokens) + 4 * 4 * tokens * self.columns

    def scored(self, tokens: int) -> int:
        """`streamed`, and a block's scores: each, all together, and sorted for their median."""
        return self.streamed(tokens) + (4 + 4 + 4 + 8) * self.block

    def between_blocks(self, tokens: int) -> int:
        """Hidden states before and after all blocks, with some copies; a block with its gradients.

        Beside these the output embedding in parts and as a whole, and a batch's logits with theirs.
        """
        hidden = 4 * (self.blocks + 4) * tokens * self.width
        head = 4 * self.vocabulary * (2 * self.width + 4 * BATCH_TOKENS)
        return hidden + self.streamed(0) + 4 * 3 * self.block + head

    def whole(self) -> int:
        """The model, and for a batch of prompts what two float32 logits of each token would take.

        Logits are formed of continuations alone; activations have the rest.
        """
        return STORED_AND_COMPUTED * self.parameters + 2 * 4 * PROMPT_TOKENS * self.vocabulary

    def spectra(self, threads: int) -> int:
        """Float64 matrices and a copy of each, Gram matrices and the solver's copy of each."""
        one = 2 * 8 * (math.prod(self.matrix) + 2 * min(self.matrix) ** 2)
        return max(one, min(threads * one, SIDE_BY_SIDE))

    def loss_hessian(self, eigenvalues: int) -> int:
        """Lanczos's vectors for so many eigenvalues, where a node has room for them."""
        vectors = 4 * self.parameters * (LANCZOS_VECTORS * eigenvalues + OTHER_VECTORS)
        return vectors if vectors < NODE else self.whole()


def tensor_shapes(folder: str | Path) -> dict[str, list[int]]:
    """Name → shape of every tensor of a Hugging Face folder.

    Raises ValueError for a file without a whole header.
    """
    found: dict[str, list[int]] = {}
    for path in model_files(folder):
        if path.suffix == ".safetensors":
            with open(path, "rb") as file:
                length = int.from_bytes(file.read(8), "little")
                header = json.loads(file.read(min(length, HEADER_BYTES)))
            header.pop("__metadata__", None)
            found |= {name: entry["shape"] for name, entry in header.items()}
    return found


def model_size(folder: str | Path) -> ModelSize:
    """The sizes of the model of a Hugging Face folder.

    Raises ValueError for a file without a whole header, a model without blocks or embeddings.
    """
    blocks: dict[str, list[list[int]]] = {}
    ends: list[list[int]] = []
    for name, shape in tensor_shapes(folder).items():
        number = next(filter(str.isdigit, name.split(".")), None)
        (ends if number is None else blocks.setdefault(number, [])).append(shape)
    matrices = [shape for block in blocks.values() for shape in block if len(shape) == 2]
    embeddings = max((shape for shape in ends if len(shape) == 2), key=math.prod, default=None)
    if not matrices or embeddings is None:
        raise ValueError(f"{folder}: no blocks or no embeddings")
    sizes = [sum(map(math.prod, block)) for block in blocks.values()]
    largest = max(matrices, key=math.prod)
    return ModelSize(
        blocks=len(sizes),
        parameters=sum(sizes) + sum(map(math.prod, ends)),
        block=max(sizes),
        matrix=(largest[0], largest[1]),
        columns=max(columns for _, columns in matrices),
        vocabulary=embeddings[0],
        width=embeddings[1],
    )
