"""How low the ranks of attention's products are, per head (arXiv 2410.23819)."""

import numpy as np
import pandas as pd

from heavytail.metrics.shape import ENERGIES, energy_rank, entropy
from heavytail.projections import key_of, matrix_of

PRODUCTS = {"qk_head": "W_KᵀW_Q", "ov_head": "W_O W_V"}


def per_head(products: dict[str, np.ndarray]) -> pd.DataFrame:
    """One row per block, product and head.

    Args:
        products: {block}.{product} → eigenvalues of PᵀP, float64 [heads, width], ascending, with
            {block}.{product}.half_norms and .imbalance, float64 [heads].

    Returns:
        block, product, head; effective_rank exp(H) and energy_rank_90, … of the squared singular
        values; nuclear_norm ‖P‖_*; half_norms ½(‖A‖² + ‖B‖²), never smaller; their quotient
        nuclear_share, 1 where AᵀA = BᵀB; imbalance ‖AᵀA − BᵀB‖_F.
    """
    rows = []
    for block in sorted({matrix_of(key)[0] for key in products}):
        for name, product in PRODUCTS.items():
            spectra = products[key_of(block, name)]
            for head, values in enumerate(spectra):
                nuclear = np.sqrt(values).sum()
                half = products[key_of(block, f"{name}.half_norms")][head]
                ranks = {f"energy_rank_{p}": _energy_rank(values, p / 100) for p in ENERGIES}
                row = {"block": block, "product": product, "head": head}
                row |= {"effective_rank": np.exp(entropy(values)), **ranks}
                row |= {"nuclear_norm": nuclear, "half_norms": half}
                row |= {"nuclear_share": nuclear / half if half else np.nan}
                rows.append(row | {"imbalance": products[key_of(block, f"{name}.imbalance")][head]})
    return pd.DataFrame(rows)


def _energy_rank(values: np.ndarray, share: float) -> float:
    return energy_rank(values, share) if values[-1] > 0 else np.nan


def per_block(heads: pd.DataFrame) -> pd.DataFrame:
    """The means over heads, one row per block and product."""
    return heads.drop(columns="head").groupby(["product", "block"], sort=False).mean().reset_index()
