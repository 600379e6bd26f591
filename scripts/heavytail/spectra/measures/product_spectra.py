"""Spectra of attention's weight products, and how balanced their factors are.

Weight decay on both factors of a product A Bᵀ acts as a nuclear norm on the product and drives AᵀA
towards BᵀB (arXiv 2410.23819). Per head the products are W_KᵀW_Q and W_O W_V; their inner dimension
is the width of the head. Under grouped-query attention a shared head is repeated. Rotations of
queries and keys by position, their norms (Qwen 3) and biases are left out.
"""

import torch

from heavytail.spectra.block_weights import BlockWeights
from heavytail.spectra.gram import eigenvalues


def measure(block: BlockWeights) -> dict[str, torch.Tensor]:
    """Spectra and norms of the block's products, all float64.

    `qk`: eigenvalues of PᵀP for the whole P = W_Q W_Kᵀ, over all heads at once, as in the reference
    results; a shared key head counts once. `qk_head` and `ov_head`: [heads, width], the product of
    each head. Beside each of the two: `.half_norms` [heads], ½(‖A‖² + ‖B‖²), and `.imbalance`
    [heads], ‖AᵀA − BᵀB‖ (Frobenius).
    """
    heads, shared = block.heads()
    queries, keys = block.weight("q_proj"), block.weight("k_proj")
    found = {"qk": eigenvalues(queries.double() @ keys.double().T)}
    found |= head_products(
        _factors(keys, shared, heads), _factors(queries, heads, heads), "qk_head"
    )
    del queries, keys
    values, outputs = block.weight("v_proj"), block.weight("o_proj")
    found |= head_products(
        _factors(outputs.T, heads, heads), _factors(values, shared, heads), "ov_head"
    )
    return {name: tensor.cpu() for name, tensor in found.items()}


def _factors(weight: torch.Tensor, owned: int, heads: int) -> torch.Tensor:
    """R of each head's factor [model, width] = QR, which gives the spectrum and the norms.

    It is float64 [heads, width, width], with fewer rows if the model is narrower than a head.

    Args:
        weight: [owned · width, model].
        owned: the number of heads in the matrix; each serves heads/owned query heads.
        heads: the number of query heads.
    """
    factors = weight.double().unflatten(0, (owned, -1)).mT
    small = torch.linalg.qr(factors, mode="r").R
    return small.repeat_interleave(heads // owned, dim=0)


def head_products(first: torch.Tensor, second: torch.Tensor, name: str) -> dict[str, torch.Tensor]:
    """Spectra and norms of the products A Bᵀ from the triangular factors R of A and B.

    Args:
        first, second: float64 [heads, width or fewer, width].
        name: prefix of the keys.
    """
    products = torch.linalg.svdvals(first @ second.mT).square().flip(-1)
    squares = first.square().sum(dim=(1, 2)) + second.square().sum(dim=(1, 2))
    difference = first.mT @ first - second.mT @ second
    return {
        name: products,
        f"{name}.half_norms": squares / 2,
        f"{name}.imbalance": torch.linalg.matrix_norm(difference),
    }
