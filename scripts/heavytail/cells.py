"""What the axes of a cell mean (standard library only: parse time)."""

# Methods that read calibration text.
CALIBRATED = ("wanda", "wanda_variant", "sparsegpt")
WITHIN_BLOCK = ("exact", "sequential")
# What stands for the method, and for the path, of a model that is not pruned.
DENSE = "dense"
# A cell below its model's folder, as every stage's paths have it.
PATH = "{method}/{sparsity}/{allocation}/seed-{seed}"


def labels(methods: list[str], within_block: list[str]) -> dict[str, tuple[str, str]]:
    """The names that paths and tables give to methods → method and way through a block.

    A method's own name stands for the published way, wanda-sequential for another one. Methods
    without calibration text know no difference.
    """
    found = {}
    for method in methods:
        for way in within_block if method in CALIBRATED else WITHIN_BLOCK[:1]:
            found[method if way == WITHIN_BLOCK[0] else f"{method}-{way}"] = (method, way)
    return found


def target_of(sparsity: float | str) -> tuple[float, int | None]:
    """The share of weights to remove, and M of N:M sparsity.

    Args:
        sparsity: as the config or a path says it, a number or N:M, which keeps N of M weights.
    """
    kept, _, of = str(sparsity).partition(":")
    return (1 - int(kept) / int(of), int(of)) if of else (float(sparsity), None)
