"""The canonical names of a block's projections, in canonical order."""

PROJECTIONS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
# Block and projection of a matrix.
Matrix = tuple[int, str]
ATTENTION, MLP = PROJECTIONS[:4], PROJECTIONS[4:]
