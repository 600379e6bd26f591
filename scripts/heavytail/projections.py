"""The canonical names of a block's projections, in canonical order, and the keys of matrices.

A block has one matrix of each projection. In a mixture of experts it has one per expert: the names
of matrices are then `gate_proj.0`, `gate_proj.1`, …, and `gate_proj.shared`.
"""

PROJECTIONS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
# A matrix: the index of its block, and its name there: a projection, perhaps with an expert.
Matrix = tuple[int, str]
ATTENTION, MLP = PROJECTIONS[:4], PROJECTIONS[4:]


def key_of(block: int, name: str) -> str:
    """The key of something in a block, `{block}.{name}`, in files and messages.

    Args:
        block: the index of the block.
        name: a matrix, a product of projections, or either with a part: `q_proj.kept`.
    """
    return f"{block}.{name}"


def name_of(projection: str, expert: int | str) -> str:
    """The name of an expert's matrix in its block: `{projection}.{expert}`."""
    return f"{projection}.{expert}"


def projection_of(name: str) -> str:
    """The projection of a matrix of this name, whichever expert's it is."""
    return name.partition(".")[0]


def matrix_of(key: str) -> Matrix:
    """The block and the name of a key that `key_of` made."""
    block, _, name = key.partition(".")
    return int(block), name
