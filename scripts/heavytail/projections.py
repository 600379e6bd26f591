"""The canonical names of a block's projections, in canonical order, and the keys of matrices."""

PROJECTIONS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
# A matrix: the index of its block, and its projection.
Matrix = tuple[int, str]
ATTENTION, MLP = PROJECTIONS[:4], PROJECTIONS[4:]


def key_of(block: int, name: str) -> str:
    """The key of something in a block, `{block}.{name}`, in files and messages.

    Args:
        block: the index of the block.
        name: a projection, a product of projections, or either with a part: `q_proj.kept`.
    """
    return f"{block}.{name}"


def matrix_of(key: str) -> Matrix:
    """The block and the name of a key that `key_of` made."""
    block, _, name = key.partition(".")
    return int(block), name
