"""The axes of a cell (standard library only: parse time)."""

# A model that is not pruned has this in place of a method and of a cell's path.
DENSE = "dense"
# The path of a cell below the folder of its model, in every stage.
PATH = "{method}/{sparsity}/{allocation}/seed-{seed}"


def target_of(sparsity: float | str) -> tuple[float, int | None]:
    """The share of weights to remove and, if the sparsity is N:M, M.

    Args:
        sparsity: as in the config or a path: a number, or N:M, which keeps N of M weights.
    """
    kept, _, group_size = str(sparsity).partition(":")
    if not group_size:
        return float(sparsity), None
    return 1 - int(kept) / int(group_size), int(group_size)
