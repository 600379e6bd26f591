"""ER-plus: as ER, but the last matrix stays whole (Liu et al., arXiv 2202.02643)."""

import numpy as np

from heavytail.allocation.allocators import er
from heavytail.allocation.settings import Shaped
from heavytail.projections import Matrix, key_of


def ratios(sizes: dict[Matrix, int], settings: Shaped, _guide: None) -> np.ndarray:
    """ER's ratios of all matrices but the last, which alone loses nothing.

    Args:
        sizes: (block, projection) → number of weights.
        settings: "shapes" and "sparsity".

    Returns:
        float64 [matrices].

    Raises:
        ValueError: the last matrix alone has more weights than are to stay.
    """
    *others, last = sizes
    total, rest = sum(sizes.values()), sum(sizes.values()) - sizes[last]
    target = settings["sparsity"] * total / rest if rest else 1.0
    if target >= 1:
        raise ValueError(
            f"sparsity: er_plus keeps {key_of(*last)} whole, which has "
            f"{sizes[last] / total:.0%} of all weights, but only "
            f"{1 - settings['sparsity']:.0%} are to stay"
        )
    found = er.ratios({one: sizes[one] for one in others}, {**settings, "sparsity": target}, None)
    return np.append(found, 0.0)
