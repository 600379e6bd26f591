"""Entropies, distances to Marchenko-Pastur and variances per block, beside the reference results.

The reference does not define some of its quantities. For each of these, the plausible definitions
are computed as candidates, each under its own name, and compared with the reference.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from heavytail.metrics.shape import entropy
from heavytail.projections import ATTENTION, MLP, PROJECTIONS, key_of

# A model's family may lack some of the projections named here and below; they are left out then.
MEANS = {"Attention": ATTENTION, "MLP": MLP, "Attention+MLP": PROJECTIONS}
DISTANT = ("q_proj", "gate_proj")
POOLS = {"Q+Output": ("q_proj", "o_proj"), "QKV+Output": ATTENTION}
DISTANCES = ("mp_ks", "mp_wasserstein1", "mp_wasserstein2", "mp_l2", "mp_kl")
# Distances between values have the unit of the values; distances between densities have none.
WITH_UNIT = DISTANCES[1:3]
# How eigenvalues are scaled before their variance is taken.
SCALES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "raw": lambda values: values,
    "over mean": lambda values: values / values.mean(),
    "over largest": lambda values: values / values[-1],
    "singular values": np.sqrt,
}
# Less than the gap between the variance with n and that with n − 1 at 4096 values.
TOLERANCE = 2e-4
COLUMNS = ["quantity", "of", "candidate", "block", "value"]


def per_block(
    spectra: dict[str, np.ndarray], products: dict[str, np.ndarray], metrics: pd.DataFrame
) -> pd.DataFrame:
    """Every diagnostic of every block, tidy: quantity, of, candidate, block, value.

    Args:
        spectra: {block}.{projection} → eigenvalues, float64, ascending; OPT and GPT-NeoX have no
            gate_proj, hence none of its rows, and an MLP of two.
        products: {block}.qk → eigenvalues of the whole product W_Q W_Kᵀ.
        metrics: the tidy table block, projection, metric, value.
    """
    values = metrics.set_index(["block", "projection", "metric"])["value"].sort_index()
    rows = []
    for block in range(1 + int(metrics["block"].max())):
        own = {p: spectra[key] for p in PROJECTIONS if (key := key_of(block, p)) in spectra}
        found = [
            ("v_entropy", "v_proj", "nats", entropy(own["v_proj"])),
            ("v_rank", "v_proj", "share", values[block, "v_proj", "rank_share"]),
            ("qk_entropy", "qk", "nats", entropy(products[key_of(block, "qk")])),
        ]
        for projection in filter(own.__contains__, DISTANT):
            found += _distances(projection, values[block, projection], own[projection].mean())
        found += _variances(own)
        rows += [(*row[:3], block, row[3]) for row in found]
    return pd.DataFrame(rows, columns=COLUMNS)


def _distances(projection: str, values: pd.Series, mean: float) -> list[tuple[Any, ...]]:
    """Distances to Marchenko-Pastur, between eigenvalues over their mean and as they are."""
    scaled = [(name, values[name]) for name in DISTANCES]
    scaled += [(f"{name} raw", values[name] * mean) for name in WITH_UNIT]
    return [("mp_error", projection, name, value) for name, value in scaled]


def _variances(spectra: dict[str, np.ndarray]) -> list[tuple[Any, ...]]:
    """Means of variances, and variances of pools, of one block's eigenvalues."""
    found = []
    for name, scale in SCALES.items():
        with np.errstate(invalid="ignore"):  # a zero matrix has no relative spectrum
            scaled = {projection: scale(values) for projection, values in spectra.items()}
        for projection, values in scaled.items():
            found.append(("matrix_variance", projection, name, values.var()))
        for of, projections in MEANS.items():
            mean = np.mean([scaled[p].var() for p in projections if p in scaled])
            found.append(("mean_variance", of, name, mean))
        for of, projections in POOLS.items():
            pooled = np.concatenate([scaled[projection] for projection in projections])
            found.append(("variance", of, name, pooled.var()))
    return found


def compared(
    ours: pd.DataFrame, reference: dict[tuple[str, str, str], tuple[float, ...]]
) -> pd.DataFrame:
    """Each candidate beside the reference results for the same quantity.

    Args:
        ours: the table that per_block returns.
        reference: (quantity, of, model) → one value per block, or one mean over blocks.

    Returns:
        quantity, of, model (the reference's), candidate, ours and reference (means over blocks),
        `ratio` (median of ours over reference), `rank_correlation` (Spearman), `deviation`
        (largest |ours/reference − 1|) and `verdict`: matches (deviation within 2e-4),
        proportional (constant ratio within 1 %), differs, or why the two cannot be compared.
    """
    rows = []
    for (quantity, of, model), theirs in reference.items():
        chosen = ours[(ours["quantity"] == quantity) & (ours["of"] == of)]
        for candidate, own in chosen.groupby("candidate", sort=False):
            vector = own.sort_values("block")["value"].to_numpy()
            if len(theirs) == 1:
                vector = vector.mean(keepdims=True)
            about = {"quantity": quantity, "of": of, "model": model, "candidate": candidate}
            rows.append(about | _comparison(vector, np.array(theirs)))
    return pd.DataFrame(rows)


def reference_vectors(
    reference: dict[tuple[str, str, str], tuple[float, ...]], blocks: int
) -> pd.DataFrame:
    """The reference's vectors of `blocks` values, tidy as of per_block, candidate "reference"."""
    rows = [
        (quantity, of, "reference", block, value)
        for (quantity, of, _model), values in reference.items()
        if 1 < len(values) == blocks
        for block, value in enumerate(values)
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def _comparison(ours: np.ndarray, reference: np.ndarray) -> dict[str, Any]:
    found = {"ours": ours.mean(), "reference": reference.mean()}
    if len(ours) != len(reference):
        return found | {"verdict": f"{len(ours)} blocks, the reference has {len(reference)}"}
    ratios = ours / reference
    deviation, ratio = np.abs(ratios - 1).max(), np.median(ratios)
    verdict = "matches" if deviation <= TOLERANCE else "differs"
    if verdict == "differs" and len(ratios) > 1 and np.abs(ratios / ratio - 1).max() <= 0.01:
        verdict = "proportional"
    rank_correlation = np.nan
    if len(ours) > 1:
        rank_correlation = pd.Series(ours).corr(pd.Series(reference), method="spearman")
    return found | {
        "ratio": ratio,
        "rank_correlation": rank_correlation,
        "deviation": deviation,
        "verdict": verdict,
    }
