"""ER-plus: as ER, but the last matrix stays whole (Liu et al., arXiv 2202.02643)."""

import numpy as np

from heavytail.allocation.allocators import er
from heavytail.allocation.last_matrix import target_of_others
from heavytail.allocation.settings import Shaped
from heavytail.projections import Matrix


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
    target = target_of_others(sizes, settings["sparsity"])
    others = {matrix: sizes[matrix] for matrix in [*sizes][:-1]}
    return np.append(er.ratios(others, {**settings, "sparsity": target}, None), 0.0)
