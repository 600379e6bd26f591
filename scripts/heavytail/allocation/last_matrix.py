"""What the others lose if the last matrix stays whole (standard library only: parse time)."""

from heavytail.projections import Matrix, key_of


def target_of_others(sizes: dict[Matrix, int], sparsity: float) -> float:
    """The share of the weights of all matrices but the last that goes, in (0, 1).

    Args:
        sizes: (block, name) → number of weights.
        sparsity: the share of all weights that goes.

    Raises:
        ValueError: the last matrix alone has more weights than are to stay.
    """
    last = [*sizes][-1]
    total = sum(sizes.values())
    share = 1 - sizes[last] / total
    if sparsity >= share:
        raise ValueError(
            f"sparsity: found {sparsity}, expected below {share:.4f}: er_plus keeps "
            f"{key_of(*last)} whole, which has {1 - share:.1%} of all weights"
        )
    return sparsity * total / (total - sizes[last])
