import numpy as np
import pytest

from heavytail.diagnostics import low_rank


def products(spectra: list[list[float]], half: float, imbalance: float) -> dict[str, np.ndarray]:
    found = {}
    for name in low_rank.PRODUCTS:
        found[f"3.{name}"] = np.array(spectra)
        found[f"3.{name}.half_norms"] = np.full(len(spectra), half)
        found[f"3.{name}.imbalance"] = np.full(len(spectra), imbalance)
    return found


def test_ranks_and_norms_of_known_heads():
    heads = low_rank.per_head(products([[0.0, 0.0, 9.0], [4.0, 4.0, 4.0]], 6.0, 2.0))
    assert list(heads["product"].unique()) == ["W_KᵀW_Q", "W_O W_V"] and len(heads) == 4
    one, three = heads.iloc[0], heads.iloc[1]
    assert one["effective_rank"] == pytest.approx(1) and one["energy_rank_99"] == 1
    assert one["nuclear_norm"] == 3 and one["nuclear_share"] == 0.5
    assert three["effective_rank"] == pytest.approx(3) and three["energy_rank_90"] == 3
    assert three["nuclear_norm"] == 6 and three["nuclear_share"] == 1 and three["imbalance"] == 2
    blocks = low_rank.per_block(heads)
    assert list(blocks["block"]) == [3, 3]
    assert blocks["effective_rank"].iloc[0] == pytest.approx(2)


def test_a_zero_product_has_no_rank():
    head = low_rank.per_head(products([[0.0, 0.0]], 0.0, 0.0)).iloc[0]
    assert head[["effective_rank", "energy_rank_90", "nuclear_share"]].isna().all()
