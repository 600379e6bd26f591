"""The projection that a linear layer is, by its name in its block."""

from heavytail.projections import projection_of

# What the layers of attention, and those of the MLP, are called.
NAMES = {
    "q_proj": ("q_proj", "query", "q_lin"),
    "k_proj": ("k_proj", "key", "k_lin"),
    "v_proj": ("v_proj", "value", "v_lin"),
    "o_proj": ("o_proj", "out_proj", "dense", "out_lin", "Wo"),
}
MLP_NAMES = {
    "gate_proj": ("gate_proj", "w1"),
    "up_proj": ("up_proj", "fc1", "c_fc", "fc_in", "intermediate.dense", "w3"),
    "down_proj": ("down_proj", "fc2", "c_proj", "fc_out", "output.dense", "w2"),
}
# Those of low-rank attention, and the matrices that they have.
LOW_RANK = {
    "q_a_proj": ("q_proj.a",),
    "q_b_proj": ("q_proj.b",),
    "kv_a_proj_with_mqa": ("k_proj.kv_a",),
    "kv_b_proj": ("k_proj.kv_b", "v_proj.kv_b"),
}


def role_of(name: str) -> str | None:
    """The projection of a linear layer with this name in its block."""
    *outer, last = name.split(".")
    attends = any("att" in part for part in outer)
    if attends and last in LOW_RANK:
        return projection_of(LOW_RANK[last][0])
    pair = ".".join([*outer[-1:], last])
    for role, names in (NAMES if attends else MLP_NAMES).items():
        if last in names or pair in names:
            return role
    return None
