"""What the axes of a cell mean (standard library only: parse time)."""

# What stands for the method, and for the path, of a model that is not pruned.
DENSE = "dense"
# A cell below its model's folder, as every stage's paths have it.
PATH = "{method}/{sparsity}/{allocation}/seed-{seed}"


def target_of(sparsity: float | str) -> tuple[float, int | None]:
    """The share of weights to remove, and M of N:M sparsity.

    Args:
        sparsity: as the config or a path says it, a number or N:M, which keeps N of M weights.
    """
    kept, _, group_size = str(sparsity).partition(":")
    if not group_size:
        return float(sparsity), None
    return 1 - int(kept) / int(group_size), int(group_size)
